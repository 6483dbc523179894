import { type Clock, isoTime } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import { allHintKey, expiryHintKey, outputsPrefix, referenceHintKey } from '#shared/jobs/keys.ts'
import { readJob } from '#shared/jobs/read-job.ts'
import { isEnded, type JobRecord, type JobTombstone, parseJob, RECORD_VERSION } from '#shared/jobs/record.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'
import { deletePrefix } from '#shared/storage/media-prefix.ts'
import type { MediaStore } from '#shared/storage/media-store.ts'

export interface DeleteContext {
  readonly store: StateStore
  readonly media: MediaStore
  readonly clock: Clock
}

/**
 * Deletes an ended job: its record becomes a tombstone, then its outputs and its places in the lists go. A crash
 * in between is finished by the sweep, for which a hint is left first. Throws `conflict` while it is not ended.
 */
export async function deleteJob(context: DeleteContext, tenant: string, jobId: string): Promise<void> {
  const { store, clock } = context
  const found = await readJob(store, tenant, jobId)
  await store.putHint(expiryHintKey(clock.now(), 'job', jobId))
  const buried = await buryJob(store, found, clock.now(), (job) => isEnded(job.status))
  if (buried.outcome === 'kept') {
    throw new ReelmillError(
      'conflict',
      `The job ${jobId} has not ended. Cancel it first (POST /v1/jobs/${jobId}/cancel) and delete it when it has.`,
      { facts: { jobId } },
    )
  }
  await clearGrave(context, buried.tombstone)
}

export type Burial =
  | { readonly outcome: 'buried'; readonly tombstone: JobTombstone }
  | { readonly outcome: 'kept' }

/** Swaps the record to a tombstone, which absorbs every late write and replay until it is purged (I7). */
export async function buryJob(
  store: StateStore,
  found: Found<JobRecord>,
  nowMs: number,
  mayBury: (job: JobRecord) => boolean,
): Promise<Burial> {
  const swapped = await store.swap<JobRecord | JobTombstone>(
    found,
    (current) =>
      current.kind === 'job' && mayBury(current)
        ? {
            kind: 'tombstone',
            version: RECORD_VERSION,
            id: current.id,
            tenant: current.tenant,
            buriedAt: isoTime(nowMs),
            ...(current.reference !== undefined && { reference: current.reference }),
          }
        : undefined,
    (current) => current.kind === 'tombstone',
  )
  const read = swapped.found && parseJob(swapped.found)
  return read?.kind === 'tombstone' ? { outcome: 'buried', tombstone: read } : { outcome: 'kept' }
}

/** Removes what a buried job left: its outputs and its places in the lists. Idempotent. */
export async function clearGrave(context: DeleteContext, tombstone: JobTombstone): Promise<void> {
  const { store, media } = context
  const { tenant, id, reference } = tombstone
  await deletePrefix(media, outputsPrefix(tenant, id))
  if (reference !== undefined) await store.delete(referenceHintKey(tenant, reference, id))
  await store.delete(allHintKey(tenant, id))
}
