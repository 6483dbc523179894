import { z } from 'zod'
import { parseVersioned, RECORD_VERSION } from '#shared/jobs/record.ts'
import type { Found, Stamp } from '#shared/state/state-store.ts'

const time = z.iso.datetime()

/**
 * How far an upload by chunks has come. Its bytes lie in the parts of a multipart upload, and after those in `pending`.
 */
const chunkProgress = z.object({
  key: z.string(),
  uploadId: z.string(),
  /** Whole parts so far, and a digest of their ETags in order. */
  parts: z.int(),
  partsDigest: z.string(),
  /** Chunks that do not fill a part yet, as objects of their own, in order. */
  pending: z.array(z.object({ key: z.string(), sizeBytes: z.int() })),
  /** Of everything so far, ready to go on. */
  sha256State: z.string(),
  /** Random: whose chunk counted last, for whoever did not get the answer. */
  lastChunk: z.string(),
})
export type ChunkProgress = z.infer<typeof chunkProgress>

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
  /** A multipart upload that the client fills by presigned parts. */
  multipart: z.object({ uploadId: z.string(), key: z.string(), partSizeBytes: z.int() }).optional(),
  /** Of an upload that is filled by chunks. */
  chunks: chunkProgress.optional(),
  /** How far an upload by chunks has come: the offset that is expected next. */
  receivedBytes: z.int().optional(),
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
