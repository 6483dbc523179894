import { z } from 'zod'
import { parseVersioned, RECORD_VERSION } from '#shared/jobs/record.ts'
import type { Found, Stamp } from '#shared/state/state-store.ts'

const time = z.iso.datetime()

/**
 * An upload: a record of its own, never a job. `open` until its content is whole, then `ready`; `failed` and
 * `aborted` are final. Filling it writes to a media key of its own each time; the swap to `ready` names the key
 * that won, so two fillings at once cannot mix and a broken one leaves the upload open for the next try.
 */
export const uploadRecord = z.object({
  kind: z.literal('upload'),
  version: z.literal(RECORD_VERSION),
  id: z.string(),
  tenant: z.string(),
  state: z.enum(['open', 'completing', 'ready', 'failed', 'aborted']),
  createdAt: time,
  /** The sweep deletes the bytes after this, unless a job moved it. */
  keepUntil: time,
  fileName: z.string().optional(),
  contentType: z.string().optional(),
  metadata: z.record(z.string(), z.string()),
  /** As announced by the client, if it was; checked against what arrives. */
  declaredSizeBytes: z.int().optional(),
  declaredSha256: z.string().optional(),
  /** Of what has arrived; set with `ready`. */
  key: z.string().optional(),
  sizeBytes: z.int().optional(),
  sha256: z.string().optional(),
  /** A multipart upload that the client fills by presigned parts, or SOAP by chunks. */
  multipart: z.object({ uploadId: z.string(), key: z.string(), partSizeBytes: z.int() }).optional(),
  /** How far an upload by chunks has come: the offset that is expected next. */
  receivedBytes: z.int().optional(),
  /** Names the last chunk that was taken; each chunk's key names the one before it. */
  lastChunk: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
})
export type UploadRecord = z.infer<typeof uploadRecord>

/** Its bytes are gone or about to go; a submit that names it is answered with 410. */
const uploadTombstone = z.object({
  kind: z.literal('tombstone'),
  version: z.literal(RECORD_VERSION),
  id: z.string(),
  tenant: z.string(),
  reason: z.enum(['expired', 'deleted']),
  buriedAt: time,
})
export type UploadTombstone = z.infer<typeof uploadTombstone>

export type ReadUpload = (UploadRecord | UploadTombstone | { readonly kind: 'newer' }) & Stamp

const anyUploadRecord = z.discriminatedUnion('kind', [uploadRecord, uploadTombstone])

/** Checks an upload's record that was read; see {@link parseVersioned}. */
export const parseUpload = (found: Found): ReadUpload =>
  parseVersioned(found, anyUploadRecord) as unknown as ReadUpload
