import { isoTime } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import { newId, timeOfId } from '#shared/ids.ts'
import { claimIdempotencyKey } from '#shared/jobs/idempotency.ts'
import { expiryHintKey, uploadKey } from '#shared/jobs/keys.ts'
import { RECORD_VERSION } from '#shared/jobs/record.ts'
import type { UploadRecord } from '#shared/jobs/upload-record.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { CreateUpload } from '../shapes/create-upload.ts'
import type { Upload } from '../shapes/upload.ts'
import type { OperationContext } from './context.ts'
import { findUpload } from './find-upload.ts'
import { presentUpload } from './present-upload.ts'
import { requestHash } from './request-hash.ts'

/**
 * Makes an upload to be filled. With an idempotency key, a repeat answers with the same upload as it stands now.
 * Throws `too-large`, `idempotency-mismatch`, `gone` (the repeated one was deleted).
 */
export async function beginUpload(
  context: OperationContext,
  caller: Caller,
  request: CreateUpload,
  idempotencyKey?: string,
): Promise<Upload> {
  const { store, clock, times, publicUrl, limits } = context
  if ((request.sizeBytes ?? 0) > limits.maxUploadBytes) throw tooLarge(limits.maxUploadBytes)
  let id = newId('upl', clock.now())
  if (idempotencyKey !== undefined) {
    id = await claimIdempotencyKey(context, {
      tenant: caller.tenant,
      operation: 'begin-upload',
      key: idempotencyKey,
      id,
      requestSha256: requestHash('begin-upload', request),
    })
  }
  const createdMs = timeOfId(id) ?? clock.now()
  const keepUntilMs = createdMs + times.uploadLifeMs
  // The hint first: bytes whose upload no list shows would never be deleted.
  await store.putHint(expiryHintKey(keepUntilMs, 'upload', id))
  const { outcome, found } = await store.create<UploadRecord>(uploadKey(id), {
    kind: 'upload',
    version: RECORD_VERSION,
    id,
    tenant: caller.tenant,
    state: 'open',
    createdAt: isoTime(createdMs),
    keepUntil: isoTime(keepUntilMs),
    metadata: request.metadata ?? {},
    ...(request.fileName !== undefined && { fileName: request.fileName }),
    ...(request.contentType !== undefined && { contentType: request.contentType }),
    ...(request.sizeBytes !== undefined && { declaredSizeBytes: request.sizeBytes }),
    ...(request.sha256 !== undefined && { declaredSha256: request.sha256 }),
  })
  const upload = outcome === 'created' ? found : await findUpload(store, caller.tenant, id)
  return presentUpload(upload.value, publicUrl)
}

export const tooLarge = (mostBytes: number) =>
  new ReelmillError('too-large', `The movie is larger than the ${mostBytes} bytes allowed here.`, {
    facts: { mostBytes },
  })
