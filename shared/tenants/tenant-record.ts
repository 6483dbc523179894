import { z } from 'zod'
import { RECORD_VERSION } from '#shared/jobs/record.ts'

const time = z.iso.datetime()

/** A tenant: whose jobs, uploads and outputs are hidden from all others. `t/<tenant>/tenant.json`. */
export const tenantRecord = z.object({
  kind: z.literal('tenant'),
  version: z.literal(RECORD_VERSION),
  id: z.string(),
  createdAt: time,
  /** `s3://bucket/prefix/` locations that its jobs may read. None by default. */
  grants: z.array(z.string()),
  /** Newest first; messages are signed with each, so that a receiver can change over without losing one. */
  webhookSecrets: z.array(z.object({ secret: z.string(), createdAt: time, expiresAt: time.optional() })),
})
export type TenantRecord = z.infer<typeof tenantRecord>

export const TENANTS_PREFIX = 't/'
export const tenantKey = (tenant: string): string => `${TENANTS_PREFIX}${tenant}/tenant.json`
