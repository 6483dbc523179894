import { ReelmillError } from '#shared/errors.ts'
import type { UploadRecord } from '#shared/jobs/upload-record.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { Upload } from '../shapes/upload.ts'
import type { OperationContext } from './context.ts'
import { requireOpen } from './fill-upload.ts'
import { findUpload } from './find-upload.ts'
import { finishUpload } from './finish-upload.ts'
import { presentUpload } from './present-upload.ts'
import { ResumableSha256 } from './resumable-sha256.ts'
import { digestOf, progressOf, readWhole } from './write-chunk.ts'

/**
 * Ends an upload by chunks: its size and SHA-256 are checked against what was announced, at its beginning or now,
 * and jobs can use it. Idempotent: a repeat after a lost answer says the same.
 *
 * Throws `length-mismatch` (not as announced: more chunks may follow, or another upload), `conflict` (no chunks, or
 * not open), and as {@link findUpload}.
 */
export async function completeChunks(
  context: OperationContext,
  caller: Caller,
  uploadId: string,
  announced: { readonly sizeBytes?: number; readonly sha256?: string },
): Promise<Upload> {
  const { store, media, publicUrl } = context
  const found = await findUpload(store, caller.tenant, uploadId)
  const upload = found.value
  if (upload.state !== 'ready' || upload.chunks?.key !== upload.key) requireOpen(upload)
  const progress = progressOf(upload)
  const sizeBytes = upload.receivedBytes ?? 0
  const sha256 = new ResumableSha256(progress.sha256State).digest()
  for (const size of [upload.declaredSizeBytes, announced.sizeBytes])
    if (size !== undefined && size !== sizeBytes)
      throw mismatch(`The chunks have ${sizeBytes} bytes, and ${size} were announced.`)
  for (const digest of [upload.declaredSha256, announced.sha256])
    if (digest !== undefined && digest !== sha256)
      throw mismatch(`The SHA-256 of the chunks is ${sha256} and not ${digest}. Begin another upload.`)
  if (upload.state === 'ready') return presentUpload(upload, publicUrl)
  await joinParts(context, upload)
  const ready = await finishUpload(context, found, { key: progress.key, sizeBytes, sha256 })
  if (progress.pending.length > 0) await media.delete(progress.pending.map(({ key }) => key))
  return presentUpload(ready, publicUrl)
}

/** Makes one object of the parts and of what is left over. */
async function joinParts(context: OperationContext, upload: UploadRecord): Promise<void> {
  const { media } = context
  const progress = progressOf(upload)
  const rest = Buffer.concat(await Promise.all(progress.pending.map(({ key }) => readWhole(context, key))))
  if (progress.parts === 0) {
    await media.write(progress.key, rest, {
      sizeBytes: rest.length,
      ...(upload.contentType !== undefined && { contentType: upload.contentType }),
    })
    await media.abortMultipart(progress.key, progress.uploadId)
    return
  }
  if (rest.length > 0) await media.writePart(progress.key, progress.uploadId, progress.parts + 1, rest)
  const parts = await media.listParts(progress.key, progress.uploadId)
  if (!parts) {
    // Nothing is listed after a completion whose answer was lost: then the object is there.
    const object = await media.head(progress.key)
    if (object?.sizeBytes === upload.receivedBytes) return
    throw mismatch('The store knows nothing of the chunks. Begin another upload.')
  }
  // A chunk that broke off may have left a part behind the last one that counts.
  const counted = parts.slice(0, progress.parts + (rest.length > 0 ? 1 : 0))
  const digest = counted.slice(0, progress.parts).reduce((before, { etag }) => digestOf(before, etag), '')
  if (digest !== progress.partsDigest)
    throw mismatch('Chunks with the same offset but other bytes came at the same time. Begin another upload.')
  await media.completeMultipart(progress.key, progress.uploadId, counted)
}

const mismatch = (message: string) => new ReelmillError('length-mismatch', message)
