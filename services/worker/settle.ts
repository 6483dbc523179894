import type { Clock } from '#shared/clock.ts'
import { messageOf } from '#shared/errors.ts'
import { attemptPrefix } from '#shared/jobs/keys.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import type { JobTimes } from '#shared/jobs/times.ts'
import { type JobEvent, type RetryPolicy, transition } from '#shared/jobs/transition.ts'
import type { Log } from '#shared/log.ts'
import type { BellQueue } from '#shared/queue/bell-queue.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import { abortMultiparts, deletePrefix } from '#shared/storage/media-prefix.ts'
import type { MediaStore } from '#shared/storage/media-store.ts'
import type { Lease } from './lease.ts'

/** How an attempt ended, as the job's record will say it. */
export type Settlement = JobEvent extends infer E
  ? E extends { type: 'succeed' | 'fail' | 'interrupt' | 'stop' }
    ? Omit<E, 'at' | 'leaseId' | 'expiresAt'>
    : never
  : never

export interface SettleContext {
  readonly store: StateStore
  readonly media: MediaStore
  readonly queue: BellQueue
  readonly clock: Clock
  readonly log: Log
  readonly times: JobTimes
  readonly policy: RetryPolicy
}

/**
 * Writes how the attempt ended, if the record still has our lease; then rings when the job is queued again. A
 * PUT that got no answer is decided by its effect: our result in the record, or our lease gone from it (H1, H2).
 * The caller has made sure that ffmpeg has exited. Returns the job as it stands; `undefined` when it is gone.
 */
export async function settle(
  context: SettleContext,
  lease: Lease,
  settlement: Settlement,
): Promise<JobRecord | undefined> {
  const { store, queue, clock, times, policy, log } = context
  const { leaseId } = lease
  const at = clock.now()
  const event = { ...settlement, leaseId, at, expiresAt: at + times.retentionMs } as JobEvent
  const swapped = await store.swap<JobRecord>(
    lease.found,
    (job) => transition(job, event, policy),
    (job) => job.result?.leaseId === leaseId || job.lease?.id !== leaseId,
  )
  const job = swapped.found?.value
  if (job?.status === 'queued') {
    try {
      await queue.send({ version: 1, jobId: job.id, task: lease.task })
    } catch (error) {
      log.warn(
        { jobId: job.id, reason: messageOf(error) },
        'the bell could not be rung; the sweep will ring it',
      )
    }
  }
  return job
}

/**
 * Throws away what a losing attempt uploaded. Only after reading a record that has neither our lease nor our
 * result: a settle that got no answer may have published these very files (H1).
 */
export async function discardOutputs(context: SettleContext, lease: Lease): Promise<'discarded' | 'kept'> {
  const { store, media } = context
  const found = await store.get<JobRecord>(lease.found.key)
  const job = found?.value
  if (job && (job.lease?.id === lease.leaseId || job.result?.leaseId === lease.leaseId)) return 'kept'
  const { tenant, id } = lease.found.value
  const prefix = attemptPrefix(tenant, id, lease.task, lease.fence)
  await abortMultiparts(media, prefix)
  await deletePrefix(media, prefix)
  return 'discarded'
}
