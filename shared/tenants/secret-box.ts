import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { ReelmillError } from '#shared/errors.ts'

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Seals secrets that must be readable again, by AES-256-GCM under a key that is not in the store. */
export class SecretBox {
  readonly #key: Buffer

  /** `key` is 32 bytes in base 64, such as `openssl rand -base64 32` makes. Throws `configuration-invalid`. */
  constructor(key: string) {
    this.#key = Buffer.from(key, 'base64')
    if (this.#key.length === KEY_BYTES) return
    throw new ReelmillError(
      'configuration-invalid',
      'REELMILL_SECRETS_KEY must be 32 bytes in base 64. `openssl rand -base64 32` makes one.',
    )
  }

  /** `context` names what the secret belongs to; it can be opened only for the same. */
  seal(secret: string, context: string): string {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    cipher.setAAD(Buffer.from(context))
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64')
  }

  /** Throws `internal` when it was sealed under another key, for something else, or was changed. */
  open(sealed: string, context: string): string {
    const bytes = Buffer.from(sealed, 'base64')
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, NONCE_BYTES))
      decipher.setAAD(Buffer.from(context))
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      const opened = [decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]
      return Buffer.concat(opened).toString('utf8')
    } catch (cause) {
      throw new ReelmillError(
        'internal',
        `The secret of ${context} cannot be opened. REELMILL_SECRETS_KEY must be the one under which it was made.`,
        { cause },
      )
    }
  }
}
