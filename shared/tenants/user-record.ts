import { createHash } from 'node:crypto'
import { z } from 'zod'
import { RECORD_VERSION } from '#shared/jobs/record.ts'
import { scope } from '#shared/tenants/key-record.ts'

const time = z.iso.datetime()

/**
 * A user for WS-Security's PasswordDigest, whose secret must be readable again and is therefore kept sealed. All
 * other clients have keys. `k/user-<sha256(name)>.json`: names are unique among all tenants.
 */
export const userRecord = z.object({
  kind: z.literal('user'),
  version: z.literal(RECORD_VERSION),
  name: z.string(),
  tenant: z.string(),
  scopes: z.array(scope).min(1),
  sealedSecret: z.string(),
  createdAt: time,
  revokedAt: time.optional(),
})
export type UserRecord = z.infer<typeof userRecord>

export const userRecordKey = (name: string): string =>
  `k/user-${createHash('sha256').update(name).digest('hex')}.json`
