import { z } from 'zod'
import { ReelmillError } from '#shared/errors.ts'
import { check, jobError, mediaInfo, producedFile, stream, warning } from '#shared/jobs/shapes.ts'
import type { Settings } from '#shared/presets/settings.ts'
import type { Found, RecordBody, Stamp } from '#shared/state/state-store.ts'

/** The newest version of job and upload records that this code knows. */
export const RECORD_VERSION = 1

export const jobStatus = z.enum(['queued', 'running', 'succeeded', 'failed', 'canceled'])
export type JobStatus = z.infer<typeof jobStatus>

const time = z.iso.datetime()

/** What was asked for, frozen at submit: later changes to presets or tenants do not touch it. */
const frozenInput = z.object({
  id: z.string(),
  source: z.object({ uploadId: z.string().optional(), url: z.string().optional() }),
  /** Where the worker reads the movie: a bucket only for `s3://` sources, else the media bucket. */
  bucket: z.string().optional(),
  key: z.string(),
  fileName: z.string().optional(),
  sizeBytes: z.int().optional(),
  sha256: z.string().optional(),
})
export type FrozenInput = z.infer<typeof frozenInput>

const frozenOutput = z.object({
  name: z.string(),
  kind: z.string(),
  /** `name@version` of the preset it came from. */
  preset: z.string(),
  /** Checked when it was frozen; not again here, so that a later version may add fields. */
  settings: z.custom<Settings>((value) => typeof value === 'object' && value !== null),
})
export type FrozenOutput = z.infer<typeof frozenOutput>

const frozenNotify = z.object({ kind: z.literal('webhook'), url: z.string(), events: z.array(z.string()) })
export type FrozenNotify = z.infer<typeof frozenNotify>

const lease = z.object({ id: z.string(), worker: z.string(), since: time })

const attempt = z.object({
  number: z.int().describe('The fence under which the attempt wrote'),
  worker: z.string(),
  startedAt: time,
  endedAt: time.optional(),
  outcome: z
    .string()
    .optional()
    .describe('succeeded | failed | canceled | lost | interrupted; absent while it runs'),
  error: jobError.optional(),
})
export type Attempt = z.infer<typeof attempt>

const outputResult = z.object({
  name: z.string(),
  status: z.string().describe('succeeded | skipped'),
  reason: z.string().optional(),
  durationSec: z.number().optional(),
  streams: z.array(stream),
  files: z.array(producedFile).describe('The principal ones, at most 100; the manifest has all'),
  fileCount: z.int(),
  totalBytes: z.int(),
  checks: z.array(check),
})
export type OutputResult = z.infer<typeof outputResult>

export const receipt = z.object({
  queueSec: z.number().optional(),
  fetchSec: z.number().optional(),
  encodeSec: z.number().optional(),
  verifySec: z.number().optional(),
  uploadSec: z.number().optional(),
  cpuSec: z.number().optional(),
  bytesIn: z.int().optional(),
  bytesOut: z.int().optional(),
})

const result = z.object({
  fence: z.int(),
  leaseId: z.string(),
  task: z.string(),
  detected: mediaInfo.optional(),
  outputs: z.array(outputResult),
  manifestSha256: z.string(),
  receipt,
})
export type JobResult = z.infer<typeof result>

const delivery = z.object({
  status: z.string().describe('none | pending | delivered | failed'),
  /** Indexes into `notify` that have answered with 2xx. */
  delivered: z.array(z.int()),
  attempts: z.int(),
  nextAt: time.optional(),
  error: z.string().optional(),
})
export type Delivery = z.infer<typeof delivery>

export const jobRecord = z.object({
  kind: z.literal('job'),
  version: z.literal(RECORD_VERSION),
  id: z.string(),
  tenant: z.string(),
  createdAt: time,
  retryOf: z.string().optional(),
  reference: z.string().optional(),
  metadata: z.record(z.string(), z.string()),
  inputs: z.array(frozenInput).min(1),
  outputs: z.array(frozenOutput).min(1),
  notify: z.array(frozenNotify),
  status: jobStatus,
  /** The number of the latest attempt; 0 before the first. Only ever grows. */
  fence: z.int(),
  lease: lease.optional(),
  cancelRequestedAt: time.optional(),
  /** Real failures, silent losses of the worker, announced interruptions: each with a bound of its own. */
  failures: z.int(),
  lost: z.int(),
  interruptions: z.int(),
  attempts: z.array(attempt),
  result: result.optional(),
  error: jobError.optional(),
  warnings: z.array(warning),
  delivery,
  startedAt: time.optional(),
  endedAt: time.optional(),
  expiresAt: time.optional(),
})
export type JobRecord = z.infer<typeof jobRecord>

/** What is left of a deleted job (or of a hint that never got its record): it keeps the place occupied (H5). */
const jobTombstone = z.object({
  kind: z.literal('tombstone'),
  version: z.literal(RECORD_VERSION),
  id: z.string(),
  tenant: z.string(),
  buriedAt: time,
  /** Kept so that the sweep can finish deleting the hint by reference. */
  reference: z.string().optional(),
})
export type JobTombstone = z.infer<typeof jobTombstone>

const anyJobRecord = z.discriminatedUnion('kind', [jobRecord, jobTombstone])

/** A record as it was read; `newer` was written by a later version of Reelmill and must be left alone. */
export type ReadJob = (JobRecord | JobTombstone | { readonly kind: 'newer' }) & Stamp

/**
 * Checks a record that was read. Fields that this version does not know are kept, at every depth: the value is
 * the one that was read, and a swap spreads it. Throws `internal` when it is no job record at all.
 */
export function parseJob(found: Found): ReadJob {
  return parseVersioned(found, anyJobRecord) as unknown as ReadJob
}

/** The shared rule of all versioned records: newer ones are left alone, unknown fields are kept. */
export function parseVersioned(found: Found, schema: z.ZodType): RecordBody {
  const { value } = found
  const version = 'version' in value ? value.version : undefined
  if (typeof version === 'number' && version > RECORD_VERSION) return { ...value, kind: 'newer' }
  const parsed = schema.safeParse(value)
  if (parsed.success) return value
  throw new ReelmillError('internal', `The record ${found.key} is damaged. Restore it from a backup.`, {
    cause: parsed.error,
    facts: { key: found.key },
  })
}

export const isEnded = (status: JobStatus): boolean => status !== 'queued' && status !== 'running'

/** Ended, and told to everyone who asked to be told (or given up on). */
export const isDone = (job: JobRecord): boolean => isEnded(job.status) && job.delivery.status !== 'pending'
