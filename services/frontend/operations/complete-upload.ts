import { ReelmillError } from '#shared/errors.ts'
import type { UploadRecord } from '#shared/jobs/upload-record.ts'
import type { MediaPart } from '#shared/storage/media-store.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { Upload } from '../shapes/upload.ts'
import type { OperationContext } from './context.ts'
import { requireOpen } from './fill-upload.ts'
import { findUpload } from './find-upload.ts'
import { finishUpload } from './finish-upload.ts'
import { presentUpload } from './present-upload.ts'

/**
 * Joins the parts that the client sent to the store. Idempotent: a repeat after a lost answer says the same.
 * A declared SHA-256 is checked by the worker that fetches the movie, since these bytes never pass through here.
 *
 * Throws `length-mismatch` (parts are missing, or not of the announced size), `too-large`, `conflict` (no part was
 * asked for, or the upload is not open), and as {@link findUpload}.
 */
export async function completeUpload(
  context: OperationContext,
  caller: Caller,
  uploadId: string,
): Promise<Upload> {
  const { store, media, publicUrl, limits } = context
  const found = await findUpload(store, caller.tenant, uploadId)
  const upload = found.value
  const { multipart } = upload
  if (upload.state === 'ready' && multipart?.key === upload.key) return presentUpload(upload, publicUrl)
  requireOpen(upload)
  if (!multipart) {
    throw new ReelmillError(
      'conflict',
      `No part of the upload ${uploadId} was asked for. POST /v1/uploads/${uploadId}/parts gives their URLs; or PUT the content.`,
    )
  }
  const parts = await media.listParts(multipart.key, multipart.uploadId)
  if (parts) checkParts(upload, parts, multipart.partSizeBytes, limits.maxUploadBytes)
  // No parts are listed after a completion whose answer was lost: then the object is there.
  const object = parts
    ? await media.completeMultipart(multipart.key, multipart.uploadId, parts)
    : await media.head(multipart.key)
  if (!object) throw mismatch('The store knows nothing of the parts. Begin another upload.')
  const ready = await finishUpload(context, found, { key: multipart.key, sizeBytes: object.sizeBytes })
  return presentUpload(ready, publicUrl)
}

function checkParts(
  upload: UploadRecord,
  parts: readonly MediaPart[],
  partSizeBytes: number,
  mostBytes: number,
): void {
  if (parts.length === 0) throw mismatch('No part has arrived. PUT each part to its url, then complete.')
  for (const [index, part] of parts.entries()) {
    if (part.number !== index + 1)
      throw mismatch(`Part ${index + 1} is missing. PUT it, then complete again.`)
    const isLast = index === parts.length - 1
    if (part.sizeBytes !== partSizeBytes && !(isLast && part.sizeBytes < partSizeBytes)) {
      throw mismatch(
        `Part ${part.number} has ${part.sizeBytes} bytes; every part but the last has ${partSizeBytes}. PUT it again.`,
      )
    }
  }
  const total = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  if (upload.declaredSizeBytes !== undefined && total !== upload.declaredSizeBytes) {
    throw mismatch(`The parts have ${total} bytes, and ${upload.declaredSizeBytes} were announced.`)
  }
  if (total > mostBytes) {
    throw new ReelmillError('too-large', `The movie is larger than the ${mostBytes} bytes allowed here.`)
  }
}

const mismatch = (message: string) => new ReelmillError('length-mismatch', message)
