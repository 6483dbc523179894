import { type Clock, isoTime } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import { newId, newSecret } from '#shared/ids.ts'
import { parseVersioned, RECORD_VERSION } from '#shared/jobs/record.ts'
import { hintPages } from '#shared/state/hint-pages.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'
import {
  hashOfKeyHint,
  type KeyRecord,
  keyHash,
  keyHintKey,
  keyHintsPrefix,
  keyRecord,
  keyRecordKey,
  type Scope,
} from '#shared/tenants/key-record.ts'
import type { Tenants } from '#shared/tenants/tenants.ts'

const SECRET_BYTES = 32

/** The keys that clients show: made, found by what was shown, listed, revoked. Stored only as hashes. */
export class Keys {
  readonly #store: StateStore
  readonly #clock: Clock
  readonly #tenants: Tenants

  constructor(options: { readonly store: StateStore; readonly clock: Clock; readonly tenants: Tenants }) {
    this.#store = options.store
    this.#clock = options.clock
    this.#tenants = options.tenants
  }

  /** A new key for `tenant`, which is made if it is not there. `key` cannot be had again later. */
  async create(wish: {
    readonly tenant: string
    readonly scopes: readonly Scope[]
    readonly label?: string
    /** Only to bring a key of one's own (a fixed key for a test or from a vault): `rmk_` and 20 or more characters. */
    readonly key?: string
  }): Promise<{ readonly key: string; readonly record: KeyRecord }> {
    const key = wish.key ?? `rmk_${newSecret(SECRET_BYTES)}`
    if (!isKey(key)) {
      throw new ReelmillError(
        'invalid-request',
        'A key is rmk_ and 20 to 200 characters of A-Z a-z 0-9 _ -. Leave it out to have one made.',
      )
    }
    const { value: tenant } = await this.#tenants.ensure(wish.tenant)
    const id = newId('key', this.#clock.now())
    const hash = keyHash(key)
    // The hint first: a key that no list shows could never be revoked.
    await this.#store.putHint(keyHintKey(tenant.id, id, hash))
    const created = await this.#store.create<KeyRecord>(keyRecordKey(hash), {
      kind: 'key',
      version: RECORD_VERSION,
      id,
      tenant: tenant.id,
      scopes: [...new Set(wish.scopes)],
      createdAt: isoTime(this.#clock.now()),
      ...(wish.label !== undefined && { label: wish.label }),
    })
    if (created.outcome === 'exists' && created.found.value.id !== id) {
      await this.#store.delete(keyHintKey(tenant.id, id, hash))
      throw new ReelmillError('conflict', 'This key exists already. Leave it out to have one made.')
    }
    return { key, record: created.found.value }
  }

  /** The record of a key that was shown, also when it is revoked; `undefined` when there is none. */
  async find(key: string): Promise<KeyRecord | undefined> {
    return isKey(key) ? (await this.#read(keyHash(key)))?.value : undefined
  }

  /** A tenant's keys, oldest first, without the secrets, which nobody has. */
  async list(tenant: string): Promise<readonly KeyRecord[]> {
    const records: KeyRecord[] = []
    for await (const hash of this.#hashes(tenant)) {
      const found = await this.#read(hash)
      if (found) records.push(found.value)
    }
    return records
  }

  /** Revokes for good; servers notice within their cache's few seconds. Idempotent. Throws `not-found`. */
  async revoke(keyId: string): Promise<KeyRecord> {
    for (const tenant of await this.#tenants.list()) {
      for await (const hash of this.#hashes(tenant, keyId)) {
        const found = await this.#read(hash)
        if (found?.value.id !== keyId) continue
        const at = isoTime(this.#clock.now())
        const swapped = await this.#store.swap<KeyRecord>(
          found,
          (current) => (current.revokedAt ? undefined : { ...current, revokedAt: at }),
          (current) => current.revokedAt !== undefined,
        )
        if (swapped.outcome === 'done') return swapped.found.value
      }
    }
    throw new ReelmillError(
      'not-found',
      `There is no key ${keyId}. \`npm run keys -- list\` shows those that exist.`,
    )
  }

  async *#hashes(tenant: string, keyId = ''): AsyncIterable<string> {
    for await (const page of hintPages(this.#store, `${keyHintsPrefix(tenant)}${keyId}`))
      for (const { key } of page) yield hashOfKeyHint(key)
  }

  async #read(hash: string): Promise<Found<KeyRecord> | undefined> {
    const found = await this.#store.get<KeyRecord>(keyRecordKey(hash))
    // A key of a newer Reelmill may mean something that this one does not know: it opens nothing here.
    return found && parseVersioned(found, keyRecord).kind === 'key' ? found : undefined
  }
}

const isKey = (text: string): boolean => /^rmk_[A-Za-z0-9_-]{20,200}$/.test(text)
