import { type Clock, isoTime } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import { newSecret } from '#shared/ids.ts'
import { parseVersioned, RECORD_VERSION } from '#shared/jobs/record.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { Scope } from '#shared/tenants/key-record.ts'
import type { SecretBox } from '#shared/tenants/secret-box.ts'
import type { Tenants } from '#shared/tenants/tenants.ts'
import { type UserRecord, userRecord, userRecordKey } from '#shared/tenants/user-record.ts'

/** Users for WS-Security's PasswordDigest. Everybody else has a key (Keys), of which only a hash is kept. */
export class Users {
  readonly #store: StateStore
  readonly #clock: Clock
  readonly #tenants: Tenants
  readonly #box: SecretBox

  constructor(options: {
    readonly store: StateStore
    readonly clock: Clock
    readonly tenants: Tenants
    readonly box: SecretBox
  }) {
    this.#store = options.store
    this.#clock = options.clock
    this.#tenants = options.tenants
    this.#box = options.box
  }

  /** A new user; names are unique among all tenants. Throws `conflict`, `invalid-request`. */
  async create(wish: {
    readonly name: string
    readonly tenant: string
    readonly scopes: readonly Scope[]
  }): Promise<{ readonly secret: string; readonly record: UserRecord }> {
    const { name } = wish
    if (!/^[A-Za-z0-9._@-]{1,64}$/.test(name)) {
      throw new ReelmillError('invalid-request', 'A user is named by 1 to 64 of A-Z a-z 0-9 . _ @ -')
    }
    const { value: tenant } = await this.#tenants.ensure(wish.tenant)
    const secret = newSecret()
    const sealedSecret = this.#box.seal(secret, name)
    const { found } = await this.#store.create<UserRecord>(userRecordKey(name), {
      kind: 'user',
      version: RECORD_VERSION,
      name,
      tenant: tenant.id,
      scopes: [...new Set(wish.scopes)],
      sealedSecret,
      createdAt: isoTime(this.#clock.now()),
    })
    if (found.value.sealedSecret === sealedSecret) return { secret, record: found.value }
    throw new ReelmillError('conflict', `There is a user ${name} already. Choose another name.`)
  }

  /** Who a user is and the secret that its digests are made of; `undefined` when there is none or it is revoked. */
  async find(name: string): Promise<{ readonly secret: string; readonly caller: Caller } | undefined> {
    const user = (await this.#read(name))?.value
    if (!user || user.revokedAt !== undefined) return undefined
    const { tenant, scopes } = user
    return {
      secret: this.#box.open(user.sealedSecret, name),
      caller: { tenant, keyId: `user ${name}`, scopes },
    }
  }

  /** Revokes for good; the name stays taken. Idempotent. Throws `not-found`. */
  async revoke(name: string): Promise<void> {
    const found = await this.#read(name)
    if (!found) throw new ReelmillError('not-found', `There is no user ${name}.`)
    const at = isoTime(this.#clock.now())
    await this.#store.swap<UserRecord>(
      found,
      (current) => (current.revokedAt ? undefined : { ...current, revokedAt: at }),
      (current) => current.revokedAt !== undefined,
    )
  }

  async #read(name: string): Promise<Found<UserRecord> | undefined> {
    const found = await this.#store.get<UserRecord>(userRecordKey(name))
    return found && parseVersioned(found, userRecord).kind === 'user' ? found : undefined
  }
}
