import type { Clock } from '#shared/clock.ts'
import { readJob } from '#shared/jobs/read-job.ts'
import { isEnded, type JobRecord } from '#shared/jobs/record.ts'
import type { JobTimes } from '#shared/jobs/times.ts'
import { transition } from '#shared/jobs/transition.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'

/**
 * Cancels a queued job at once, leaves a wish in a running one (its worker notices within seconds; whatever ends
 * the attempt honours it), and does nothing to an ended one. Idempotent. Throws as {@link readJob}.
 */
export async function cancelJob(
  context: { readonly store: StateStore; readonly clock: Clock; readonly times: JobTimes },
  tenant: string,
  jobId: string,
): Promise<Found<JobRecord>> {
  const { store, clock, times } = context
  const found = await readJob(store, tenant, jobId)
  const at = clock.now()
  const swapped = await store.swap<JobRecord>(
    found,
    (job) => transition(job, { type: 'cancel', at, expiresAt: at + times.retentionMs }),
    // Deleted in between, it is a tombstone, and no job that has ended: the read below tells.
    (job) => job.kind === 'job' && (isEnded(job.status) || job.cancelRequestedAt !== undefined),
  )
  return swapped.outcome === 'done' ? swapped.found : readJob(store, tenant, jobId)
}
