import type { Clock } from '#shared/clock.ts'
import { workerKey } from '#shared/jobs/keys.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import type { JobTimes } from '#shared/jobs/times.ts'
import { defaultRetryPolicy, type RetryPolicy, transition } from '#shared/jobs/transition.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'
import { isFinal, parseWorker, type WorkerRecord } from '#shared/workers/worker-record.ts'
import type { WorkerSighting } from '#shared/workers/worker-watch.ts'

export interface ExpireContext {
  readonly store: StateStore
  readonly clock: Clock
  readonly times: JobTimes
  readonly policy?: RetryPolicy
}

export type Expiry =
  | { readonly outcome: 'alive' }
  | { readonly outcome: 'expired'; readonly reason: string; readonly found: Found<JobRecord> }
  /** The job moved on while we looked. */
  | { readonly outcome: 'moved' }

/**
 * Takes the lease of a running job away if its worker is dead. The job was read first and its worker is read
 * now, in the opposite order to the worker's writes (w before j), so a lease that is in the job must already
 * be listed by its worker: H3.
 *
 * Dead means: no record, a final one, one that does not list this lease, or an ETag that has not moved for
 * `leaseMs` on our own clock (`sighting`; without one, a silent worker cannot be judged yet).
 */
export async function expireLease(
  context: ExpireContext,
  found: Found<JobRecord>,
  sighting: WorkerSighting | undefined,
): Promise<Expiry> {
  const { store, clock, times, policy = defaultRetryPolicy } = context
  const lease = found.value.lease
  if (found.value.status !== 'running' || !lease) return { outcome: 'moved' }
  const worker = await store.get<WorkerRecord>(workerKey(lease.worker))
  const reason = whyDead(worker, lease.id, sighting, times.leaseMs)
  if (reason === undefined) return { outcome: 'alive' }

  const at = clock.now()
  const swapped = await store.swap<JobRecord>(
    found,
    (job) =>
      transition(job, { type: 'expire', leaseId: lease.id, at, expiresAt: at + times.retentionMs }, policy),
    (job) => job.kind !== 'job' || job.lease?.id !== lease.id,
  )
  // Done only says that the lease is gone: the worker's own settle may have been faster than we.
  const after = swapped.found?.value
  const lost =
    after?.kind === 'job' &&
    after.attempts.some((a) => a.number === found.value.fence && a.outcome === 'lost')
  return swapped.found && lost ? { outcome: 'expired', reason, found: swapped.found } : { outcome: 'moved' }
}

function whyDead(
  found: Found<WorkerRecord> | undefined,
  leaseId: string,
  sighting: WorkerSighting | undefined,
  leaseMs: number,
): string | undefined {
  if (!found) return 'its worker has no record'
  const worker = parseWorker(found)
  if (worker.kind === 'newer') return undefined
  if (isFinal(worker)) return `its worker is ${worker.state}`
  if (worker.leaseId !== leaseId) return 'its worker does not list its lease'
  if (sighting?.etag === found.etag && sighting.unchangedMs >= leaseMs) {
    return `its worker has been silent for ${Math.round(sighting.unchangedMs / 1000)} s`
  }
  return undefined
}
