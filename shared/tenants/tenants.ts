import { randomBytes } from 'node:crypto'
import { type Clock, isoTime } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import { parseVersioned, RECORD_VERSION } from '#shared/jobs/record.ts'
import { hintPages } from '#shared/state/hint-pages.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'
import { checkTenantName } from '#shared/tenants/tenant-name.ts'
import { TENANTS_PREFIX, type TenantRecord, tenantKey, tenantRecord } from '#shared/tenants/tenant-record.ts'

/** How long the secret before the last still signs, after a rotation. */
const OLD_SECRET_MS = 24 * 3_600_000

/** Tenants in the state store: what they may read, and the secrets that sign their webhooks. */
export class Tenants {
  readonly #store: StateStore
  readonly #clock: Clock

  constructor(options: { readonly store: StateStore; readonly clock: Clock }) {
    this.#store = options.store
    this.#clock = options.clock
  }

  /** The tenant, or `undefined` when it was never made. */
  async read(tenant: string): Promise<TenantRecord | undefined> {
    return (await this.#find(tenant))?.value
  }

  /** The tenant, made if it is not there yet. Idempotent. */
  async ensure(tenant: string): Promise<Found<TenantRecord>> {
    const existing = await this.#find(checkTenantName(tenant))
    if (existing) return existing
    const now = isoTime(this.#clock.now())
    const { found } = await this.#store.create<TenantRecord>(tenantKey(tenant), {
      kind: 'tenant',
      version: RECORD_VERSION,
      id: tenant,
      createdAt: now,
      grants: [],
      webhookSecrets: [{ secret: newWebhookSecret(), createdAt: now }],
    })
    return found
  }

  /** The names of all tenants, sorted. */
  async list(): Promise<readonly string[]> {
    const names: string[] = []
    for await (const page of hintPages(this.#store, TENANTS_PREFIX)) {
      for (const { key } of page) {
        const name = /^t\/([^/]+)\/tenant\.json$/.exec(key)?.[1]
        if (name) names.push(name)
      }
    }
    return names
  }

  /** Lets the tenant's jobs read everything under `prefix`. Idempotent. Throws `invalid-request`. */
  async grant(tenant: string, prefix: string): Promise<TenantRecord> {
    checkGrant(prefix)
    return this.#change(tenant, (grants) => [...grants.filter((g) => g !== prefix), prefix])
  }

  /** Takes a grant back; jobs already submitted keep what they were promised. Idempotent. */
  async ungrant(tenant: string, prefix: string): Promise<TenantRecord> {
    return this.#change(tenant, (grants) => grants.filter((g) => g !== prefix))
  }

  /** A new secret signs from now on; the one before still does for a day, so that receivers can change over. */
  async rotateWebhookSecret(tenant: string): Promise<string> {
    const secret = newWebhookSecret()
    const found = await this.ensure(tenant)
    const now = this.#clock.now()
    await this.#swap(found, (current) => {
      const old = current.webhookSecrets
        .map((each) => ({ ...each, expiresAt: each.expiresAt ?? isoTime(now + OLD_SECRET_MS) }))
        .filter(({ expiresAt }) => expiresAt > isoTime(now))
      return { ...current, webhookSecrets: [{ secret, createdAt: isoTime(now) }, ...old] }
    })
    return secret
  }

  /** The secrets that sign the tenant's webhooks now, newest first; `whsec_` and base64, as Standard Webhooks says. */
  async webhookSecrets(tenant: string): Promise<readonly string[]> {
    const now = isoTime(this.#clock.now())
    const { value } = await this.ensure(tenant)
    return value.webhookSecrets
      .filter((s) => s.expiresAt === undefined || s.expiresAt > now)
      .map((s) => s.secret)
  }

  async #change(tenant: string, change: (grants: readonly string[]) => string[]): Promise<TenantRecord> {
    const found = await this.ensure(tenant)
    return this.#swap(found, (current) => ({ ...current, grants: change(current.grants) }))
  }

  async #swap(
    found: Found<TenantRecord>,
    change: (current: TenantRecord) => TenantRecord,
  ): Promise<TenantRecord> {
    const swapped = await this.#store.swap<TenantRecord>(found, change, () => false)
    if (swapped.outcome === 'done') return swapped.found.value
    throw new ReelmillError('not-found', `The tenant ${found.value.id} was deleted in the meantime.`)
  }

  async #find(tenant: string): Promise<Found<TenantRecord> | undefined> {
    const found = await this.#store.get<TenantRecord>(tenantKey(tenant))
    if (!found) return undefined
    if (parseVersioned(found, tenantRecord).kind === 'tenant') return found
    throw new ReelmillError(
      'conflict',
      `The tenant ${tenant} was written by a newer version of Reelmill. Update this one.`,
    )
  }
}

function checkGrant(prefix: string): void {
  // Ending in a slash: `s3://movies` would also open `s3://movies-of-somebody-else/`.
  if (/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/(?:.*\/)?$/.test(prefix)) return
  throw new ReelmillError(
    'invalid-request',
    `"${prefix}" cannot be granted. Write s3://bucket/ or s3://bucket/folder/, with the slash at the end.`,
  )
}

const newWebhookSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`
