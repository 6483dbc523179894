import { createHash, type Hash } from 'node:crypto'
import { S3Error } from '../s3/s3-error.ts'
import { type Identity, sameSignature } from './authenticate.ts'
import { hmac, scopeText } from './signing-key.ts'

const EMPTY_HASH = createHash('sha256').digest('hex')

/**
 * Checks the signatures of a body sent in signed chunks, each of which covers the one before; the first covers
 * the request's own. Source: "Signature calculations for the Authorization header: Transferring payload in
 * multiple chunks (chunked upload)", Amazon S3 API Reference.
 */
export class ChunkSignatures {
  readonly #identity: Identity
  #previous: string
  #hash: Hash = createHash('sha256')

  constructor(identity: Identity) {
    this.#identity = identity
    this.#previous = identity.signature
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  /** The chunk whose bytes were given to `update` is over. Throws `SignatureDoesNotMatch`. */
  endChunk(signature: string): void {
    this.#check('AWS4-HMAC-SHA256-PAYLOAD', `${EMPTY_HASH}\n${this.#hash.digest('hex')}`, signature)
    this.#hash = createHash('sha256')
  }

  /** The trailing headers, as `name:value\n` each. */
  endTrailer(text: string, signature: string): void {
    this.#check('AWS4-HMAC-SHA256-TRAILER', createHash('sha256').update(text).digest('hex'), signature)
  }

  #check(algorithm: string, hashes: string, signature: string): void {
    const { signingKey, scope, timestamp } = this.#identity
    const text = `${algorithm}\n${timestamp}\n${scopeText(scope)}\n${this.#previous}\n${hashes}`
    if (!sameSignature(hmac(signingKey, text), signature)) throw new S3Error('SignatureDoesNotMatch')
    this.#previous = signature
  }
}
