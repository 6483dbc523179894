import type { Clock } from '#shared/clock.ts'
import { newSecret } from '#shared/ids.ts'
import { jobKey } from '#shared/jobs/keys.ts'
import { type JobRecord, parseJob } from '#shared/jobs/record.ts'
import { transition } from '#shared/jobs/transition.ts'
import type { Log } from '#shared/log.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'
import type { Registration } from './registration.ts'

/** Why an attempt must stop before it is finished. */
export type StopReason =
  /** The record has another lease or none: whatever we do from here is nobody's. */
  | 'lease-lost'
  /** The client wishes so. */
  | 'canceled'
  /** The worker is told to go (SIGTERM, spot notice): hand the job back. */
  | 'interrupted'
  /** The worker was condemned or is out of touch: others have the job. */
  | 'dismissed'

export interface LeaseContext {
  readonly store: StateStore
  readonly registration: Registration
  readonly clock: Clock
  readonly log: Log
}

/** A job that this worker holds: `leaseId` is in its record, and was in ours before. */
export interface Lease {
  readonly leaseId: string
  readonly fence: number
  readonly task: string
  readonly found: Found<JobRecord>
}

export type LeaseAnswer =
  | { readonly outcome: 'leased'; readonly lease: Lease }
  /** Nothing to do for this bell: its job is not queued (any more). */
  | { readonly outcome: 'nothing-to-do' }
  /** This worker takes no more work; the bell is for another. */
  | { readonly outcome: 'draining' }

/**
 * Takes the lease of a queued job, in the order that makes scale-in safe: our own record says busy and lists the
 * lease, then the job's record gets it. A fresh lease id each try, because two attempts that share one could not
 * be told apart (H3).
 */
export async function takeLease(
  context: LeaseContext,
  bell: { readonly jobId: string; readonly task: string },
): Promise<LeaseAnswer> {
  const { store, registration, clock } = context
  const found = await store.get<JobRecord>(jobKey(bell.jobId))
  const job = found && parseJob(found)
  if (!found || job?.kind !== 'job' || job.status !== 'queued') return { outcome: 'nothing-to-do' }

  const leaseId = newSecret(16)
  const work = { leaseId, job: job.id, tenant: job.tenant, task: bell.task }
  if (!(await registration.takeUp(work))) return { outcome: 'draining' }
  try {
    const swapped = await store.swap<JobRecord>(
      found,
      (current) => transition(current, { type: 'lease', leaseId, worker: registration.id, at: clock.now() }),
      (current) => current.lease?.id === leaseId,
    )
    if (swapped.outcome === 'done') {
      const { value } = swapped.found
      return {
        outcome: 'leased',
        lease: { leaseId, fence: value.fence, task: bell.task, found: swapped.found },
      }
    }
  } catch (error) {
    // The PUT may still be applied: our record will not list that lease, so the sweep expires it (H3).
    await registration.layDown()
    throw error
  }
  await registration.layDown()
  return { outcome: 'nothing-to-do' }
}

/**
 * Watches the record of a leased job until `signal` is aborted, and calls `stop` once when the lease is gone or
 * the client wishes to cancel. A store that does not answer is no reason to stop: the next look decides.
 */
export async function watchLease(
  context: LeaseContext,
  lease: Lease,
  options: { readonly everyMs: number; readonly signal: AbortSignal; stop(reason: StopReason): void },
): Promise<void> {
  const { store, clock, log } = context
  const { signal } = options
  let etag = lease.found.etag
  while (!signal.aborted) {
    try {
      await clock.sleep(options.everyMs, signal)
      const seen = await store.getIfChanged<JobRecord>(lease.found.key, etag, signal)
      if (seen === 'unchanged') continue
      if (seen?.value.lease?.id !== lease.leaseId) return options.stop('lease-lost')
      if (seen.value.cancelRequestedAt) return options.stop('canceled')
      etag = seen.etag
    } catch (error) {
      if (signal.aborted) return
      log.warn({ err: error }, 'the lease could not be looked at; the next look decides')
    }
  }
}
