import { isoTime } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import { newSecret } from '#shared/ids.ts'
import { inputKey } from '#shared/jobs/keys.ts'
import type { UploadRecord } from '#shared/jobs/upload-record.ts'
import type { Found } from '#shared/state/state-store.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { PresignParts } from '../shapes/create-upload.ts'
import type { Upload } from '../shapes/upload.ts'
import type { OperationContext } from './context.ts'
import { requireOpen } from './fill-upload.ts'
import { findUpload } from './find-upload.ts'
import { presentUpload } from './present-upload.ts'

/** S3's own bounds: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MOST_PARTS = 10_000
const LEAST_PART_BYTES = 5 * 2 ** 20
// When the size is unknown: 10,000 of them are as much as S3 takes in one object.
const UNKNOWN_SIZE_PART_BYTES = 512 * 2 ** 20
const USUAL_PART_BYTES = 16 * 2 ** 20
const MIB = 2 ** 20

/**
 * URLs by which the client PUTs parts straight to the store, a page at a time, so that a movie of any size works.
 * The first call decides the size of the parts. `completeUpload` makes them one.
 *
 * Throws `conflict` (not open), `invalid-request` (past the last part), and as {@link findUpload}.
 */
export async function presignParts(
  context: OperationContext,
  caller: Caller,
  uploadId: string,
  request: PresignParts,
): Promise<Upload> {
  const { store, media, clock, limits, publicUrl } = context
  const found = await findUpload(store, caller.tenant, uploadId)
  requireOpen(found.value)
  const record = found.value.multipart ? found.value : await beginParts(context, found)
  const { multipart } = record
  if (!multipart) throw new ReelmillError('conflict', `The upload ${uploadId} is no longer open.`)

  const first = request.firstNumber ?? 1
  const last = Math.min(first + (request.count ?? 100) - 1, lastPart(record, multipart.partSizeBytes))
  if (last < first) {
    throw new ReelmillError('invalid-request', `The upload has no part ${first}.`, {
      errors: [{ pointer: '/firstNumber', code: 'invalid-request', message: 'is past the last part' }],
    })
  }
  const expiresAt = isoTime(clock.now() + limits.partUrlSec * 1000)
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index)
  const parts = await Promise.all(
    numbers.map(async (number) => ({
      number,
      url: await media.presignPart(multipart.key, multipart.uploadId, number, {
        expiresSec: limits.partUrlSec,
      }),
      expiresAt,
    })),
  )
  return { ...presentUpload(record, publicUrl), parts }
}

/** How large each part is, so that `sizeBytes` fits into S3's 10,000 of them. */
export function partSizeFor(sizeBytes: number | undefined): number {
  if (sizeBytes === undefined) return UNKNOWN_SIZE_PART_BYTES
  const needed = Math.ceil(sizeBytes / MOST_PARTS / MIB) * MIB
  return Math.max(USUAL_PART_BYTES, LEAST_PART_BYTES, needed)
}

function lastPart(record: UploadRecord, partSizeBytes: number): number {
  if (record.declaredSizeBytes === undefined) return MOST_PARTS
  return Math.max(1, Math.ceil(record.declaredSizeBytes / partSizeBytes))
}

/** Begins the multipart upload and writes it down; when another request was faster, its one is taken. */
async function beginParts(context: OperationContext, found: Found<UploadRecord>): Promise<UploadRecord> {
  const { store, media } = context
  const { id, tenant, contentType, declaredSizeBytes } = found.value
  const key = inputKey(tenant, id, newSecret(12))
  const uploadId = await media.beginMultipart(key, contentType === undefined ? {} : { contentType })
  const multipart = { uploadId, key, partSizeBytes: partSizeFor(declaredSizeBytes) }
  const swapped = await store.swap<UploadRecord>(
    found,
    (current) =>
      current.kind === 'upload' && current.state === 'open' && !current.multipart
        ? { ...current, multipart }
        : undefined,
    (current) => current.kind === 'upload' && current.multipart?.uploadId === uploadId,
  )
  if (swapped.outcome === 'done') return swapped.found.value
  await media.abortMultipart(key, uploadId)
  const now = await findUpload(store, tenant, id)
  requireOpen(now.value)
  return now.value
}
