import type { Clock } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import { keyHash } from '#shared/tenants/key-record.ts'
import type { Keys } from '#shared/tenants/keys.ts'

interface Known {
  readonly caller: Promise<Caller | undefined>
  readonly untilMs: number
}

const MOST_KNOWN = 10_000

/**
 * Turns a key into its caller, and remembers the answer for a few seconds: a request then costs no read, and a
 * revoked key still stops within that time. Unknown keys are remembered, too; the number of entries is bounded.
 */
export class KeyRing {
  readonly #keys: Keys
  readonly #clock: Clock
  readonly #rememberMs: number
  readonly #known = new Map<string, Known>()

  constructor(options: { readonly keys: Keys; readonly clock: Clock; readonly rememberMs?: number }) {
    this.#keys = options.keys
    this.#clock = options.clock
    this.#rememberMs = options.rememberMs ?? 3_000
  }

  /** Throws `unauthenticated` for a key that does not exist or is revoked (the two look alike). */
  async authenticate(key: string): Promise<Caller> {
    const hash = keyHash(key)
    const now = this.#clock.monotonicMs()
    let known = this.#known.get(hash)
    if (!known || known.untilMs <= now) {
      known = { caller: this.#look(key, hash), untilMs: now + this.#rememberMs }
      this.#remember(hash, known)
    }
    const caller = await known.caller
    if (caller) return caller
    throw new ReelmillError(
      'unauthenticated',
      'This key does not exist or is revoked. Check it, or make one with `npm run keys`.',
    )
  }

  async #look(key: string, hash: string): Promise<Caller | undefined> {
    try {
      const record = await this.#keys.find(key)
      if (!record || record.revokedAt !== undefined) return undefined
      return { tenant: record.tenant, keyId: record.id, scopes: record.scopes }
    } catch (error) {
      this.#known.delete(hash) // a store that did not answer says nothing about the key
      throw error
    }
  }

  #remember(hash: string, known: Known): void {
    this.#known.delete(hash) // so that the map stays in the order of use
    this.#known.set(hash, known)
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST_KNOWN) break
      this.#known.delete(oldest)
    }
  }
}
