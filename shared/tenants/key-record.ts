import { createHash } from 'node:crypto'
import { z } from 'zod'
import { RECORD_VERSION } from '#shared/jobs/record.ts'

const time = z.iso.datetime()

/** What a key may do: send movies and jobs, look at them, or everything and the workers, too. */
export const scope = z.enum(['submit', 'read', 'admin'])
export type Scope = z.infer<typeof scope>
export const allScopes: readonly Scope[] = scope.options

/** A key by its hash, `k/<sha256>.json`: the key itself is shown once, when it is made, and never kept. */
export const keyRecord = z.object({
  kind: z.literal('key'),
  version: z.literal(RECORD_VERSION),
  id: z.string(),
  tenant: z.string(),
  scopes: z.array(scope).min(1),
  label: z.string().optional(),
  createdAt: time,
  revokedAt: time.optional(),
})
export type KeyRecord = z.infer<typeof keyRecord>

export const keyHash = (key: string): string => createHash('sha256').update(key).digest('hex')
export const keyRecordKey = (hash: string): string => `k/${hash}.json`

export const keyHintsPrefix = (tenant: string): string => `t/${tenant}/keys/`
/** `t/<tenant>/keys/<keyId>.<hash>`: lists the keys of a tenant, and finds one by its id to revoke it. */
export const keyHintKey = (tenant: string, keyId: string, hash: string): string =>
  `${keyHintsPrefix(tenant)}${keyId}.${hash}`
export const hashOfKeyHint = (hintKey: string): string => hintKey.slice(hintKey.lastIndexOf('.') + 1)
