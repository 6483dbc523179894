import { attemptPrefix, openHintKey, outputsPrefix } from '#shared/jobs/keys.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import { abortMultiparts, deletePrefix } from '#shared/storage/media-prefix.ts'
import type { MediaStore } from '#shared/storage/media-store.ts'

/**
 * Closes a job that has ended and told everyone: what losing attempts left goes, then the hint, LAST, so that a
 * crash in between is found and finished by the next sweep (I5). Idempotent.
 */
export async function closeJob(
  context: { readonly store: StateStore; readonly media: MediaStore },
  job: JobRecord,
): Promise<void> {
  const { store, media } = context
  const { tenant, id, result } = job
  const published = result && attemptPrefix(tenant, id, result.task, result.fence)
  await abortMultiparts(media, outputsPrefix(tenant, id))
  await deletePrefix(
    media,
    outputsPrefix(tenant, id),
    (key) => published !== undefined && key.startsWith(published),
  )
  await store.delete(openHintKey(tenant, id))
}
