import { isoTime } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import { expiryHintKey } from '#shared/jobs/keys.ts'
import type { UploadRecord } from '#shared/jobs/upload-record.ts'
import type { Found } from '#shared/state/state-store.ts'
import type { OperationContext } from './context.ts'

/** What an upload becomes ready with. */
export interface Content {
  readonly key: string
  readonly sizeBytes: number
  readonly sha256?: string
  readonly contentType?: string
}

/**
 * Makes an open upload ready with `content`, and keeps it for a whole life from now. Of two fillings at once the
 * first wins; the other's bytes are deleted.
 *
 * Throws `conflict` (another was faster) or `gone` (deleted meanwhile). After `store-unavailable` the swap may
 * still be applied, so the bytes are left for the retention to find (H1).
 */
export async function finishUpload(
  context: OperationContext,
  found: Found<UploadRecord>,
  content: Content,
): Promise<UploadRecord> {
  const { store, media, clock, times } = context
  const uploadId = found.value.id
  const keepUntilMs = clock.now() + times.uploadLifeMs
  const keepUntil = isoTime(keepUntilMs)
  await store.putHint(expiryHintKey(keepUntilMs, 'upload', uploadId))
  const swapped = await store.swap<UploadRecord>(
    found,
    (current) =>
      current.kind === 'upload' && current.state === 'open'
        ? {
            ...current,
            ...content,
            state: 'ready',
            receivedBytes: content.sizeBytes,
            keepUntil: current.keepUntil > keepUntil ? current.keepUntil : keepUntil,
          }
        : undefined,
    (current) => current.kind === 'upload' && current.key === content.key,
  )
  if (swapped.outcome === 'done') return swapped.found.value
  await media.delete([content.key])
  const gone = swapped.found?.value.kind !== 'upload'
  throw new ReelmillError(
    gone ? 'gone' : 'conflict',
    gone
      ? `The upload ${uploadId} was deleted while it was filled.`
      : `The upload ${uploadId} was filled by another request meanwhile.`,
    { facts: { uploadId } },
  )
}
