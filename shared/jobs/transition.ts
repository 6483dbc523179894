import { isoTime } from '#shared/clock.ts'
import { errorCatalogue } from '#shared/error-codes.ts'
import type { Attempt, Delivery, JobRecord, JobResult, JobTombstone } from '#shared/jobs/record.ts'
import { isEnded } from '#shared/jobs/record.ts'
import type { JobError, Warning } from '#shared/jobs/shapes.ts'

/** Bounds on how often a job is tried again. */
export interface RetryPolicy {
  /** Real failures that trying again may help. */
  readonly maxAttempts: number
  /** The silent loss that fails the job: memory is the usual reason, and it would kill every worker in turn. */
  readonly maxLost: number
  /** Announced interruptions (drain, spot) are nobody's fault, but not endless either. */
  readonly maxInterruptions: number
}

export const defaultRetryPolicy: RetryPolicy = { maxAttempts: 2, maxLost: 3, maxInterruptions: 20 }

/** Everything that can happen to a job. `at` is wall time in milliseconds, only written down. */
export type JobEvent = { readonly at: number } & (
  | { readonly type: 'lease'; readonly leaseId: string; readonly worker: string }
  | {
      readonly type: 'succeed'
      readonly leaseId: string
      readonly result: JobResult
      readonly warnings: readonly Warning[]
      readonly expiresAt: number
    }
  | { readonly type: 'fail'; readonly leaseId: string; readonly error: JobError; readonly expiresAt: number }
  | { readonly type: 'interrupt'; readonly leaseId: string; readonly expiresAt: number }
  | { readonly type: 'expire'; readonly leaseId: string; readonly expiresAt: number }
  | { readonly type: 'stop'; readonly leaseId: string; readonly expiresAt: number }
  | { readonly type: 'cancel'; readonly expiresAt: number }
  | { readonly type: 'time-out'; readonly expiresAt: number }
  | { readonly type: 'deliver'; readonly delivery: Delivery }
)

/**
 * The one pure function that makes every transition of a job: the next record, or `undefined` when `event` is
 * not legal in this state (then nothing is written).
 *
 *   queued --lease--> running --succeed--> succeeded
 *      ^                 |----fail, while trying again may help--> queued, else failed
 *      |                 |----interrupt (announced)--------------> queued, else failed after maxInterruptions
 *      |                 '----expire (silent loss)---------------> queued, else failed at maxLost
 *   queued --cancel--> canceled        running --cancel--> running with a wish, honoured by whatever comes next
 *                                      (`stop` is the worker's own answer to it: canceled at once)
 *
 * Whoever acts under a lease must name it; a lease id that is not in the record is nobody. (fence, rank of
 * status) only grows; ended states absorb everything but the delivery of their news, and a tombstone absorbs all: what
 * a swap finds may have been deleted since it was read.
 */
export function transition(
  job: JobRecord | JobTombstone,
  event: JobEvent,
  policy: RetryPolicy = defaultRetryPolicy,
): JobRecord | undefined {
  if (job.kind !== 'job') return undefined
  if (event.type === 'deliver') return isEnded(job.status) ? { ...job, delivery: event.delivery } : undefined
  if (isEnded(job.status)) return undefined
  const at = isoTime(event.at)
  switch (event.type) {
    case 'lease': {
      if (job.status !== 'queued') return undefined
      const fence = job.fence + 1
      return {
        ...job,
        status: 'running',
        fence,
        lease: { id: event.leaseId, worker: event.worker, since: at },
        startedAt: job.startedAt ?? at,
        attempts: [...job.attempts, { number: fence, worker: event.worker, startedAt: at }],
      }
    }
    case 'cancel': {
      if (job.status === 'queued') return ended({ ...job, cancelRequestedAt: at }, 'canceled', event)
      return job.cancelRequestedAt ? undefined : { ...job, cancelRequestedAt: at }
    }
    case 'time-out': {
      if (job.status !== 'queued') return undefined
      return ended({ ...job, error: errorOf('job-timeout') }, 'failed', event)
    }
    case 'succeed': {
      if (!holds(job, event.leaseId)) return undefined
      if (job.cancelRequestedAt) return ended(endAttempt(job, at, 'canceled'), 'canceled', event)
      const succeeded = {
        ...endAttempt(job, at, 'succeeded'),
        result: event.result,
        warnings: [...event.warnings],
      }
      return ended(succeeded, 'succeeded', event)
    }
    case 'fail': {
      if (!holds(job, event.leaseId)) return undefined
      const failed = { ...endAttempt(job, at, 'failed', event.error), failures: job.failures + 1 }
      const again = event.error.retry === 'later' || event.error.retry === 'same'
      return again && failed.failures < policy.maxAttempts
        ? requeued(failed, event)
        : orCanceled(failed, event.error, event)
    }
    case 'stop': {
      if (!holds(job, event.leaseId) || !job.cancelRequestedAt) return undefined
      return ended(endAttempt(job, at, 'canceled'), 'canceled', event)
    }
    case 'interrupt': {
      if (!holds(job, event.leaseId)) return undefined
      const interrupted = { ...endAttempt(job, at, 'interrupted'), interruptions: job.interruptions + 1 }
      return interrupted.interruptions < policy.maxInterruptions
        ? requeued(interrupted, event)
        : orCanceled(interrupted, errorOf('too-many-interruptions'), event)
    }
    case 'expire': {
      if (!holds(job, event.leaseId)) return undefined
      const lost = { ...endAttempt(job, at, 'lost'), lost: job.lost + 1 }
      return lost.lost < policy.maxLost
        ? requeued(lost, event)
        : orCanceled(lost, errorOf('worker-lost'), event)
    }
    default:
      throw event satisfies never
  }
}

interface Ending {
  readonly at: number
  readonly expiresAt: number
}

const holds = (job: JobRecord, leaseId: string): boolean =>
  job.status === 'running' && job.lease?.id === leaseId

/** An accepted wish to cancel is honoured by whatever comes next: a cancelled job is never queued again (I4). */
function requeued(job: JobRecord, ending: Ending): JobRecord {
  return job.cancelRequestedAt ? ended(job, 'canceled', ending) : { ...job, status: 'queued' }
}

function orCanceled(job: JobRecord, error: JobError, ending: Ending): JobRecord {
  return job.cancelRequestedAt ? ended(job, 'canceled', ending) : ended({ ...job, error }, 'failed', ending)
}

function ended(job: JobRecord, status: 'succeeded' | 'failed' | 'canceled', ending: Ending): JobRecord {
  const told: Delivery = {
    ...job.delivery,
    status: job.notify.some((notify) => notify.events.includes(`job.${status}`)) ? 'pending' : 'none',
  }
  const { lease: _, ...rest } = job
  return {
    ...rest,
    status,
    delivery: told,
    endedAt: isoTime(ending.at),
    expiresAt: isoTime(ending.expiresAt),
  }
}

/** Gives up the lease and writes down how the attempt ended. */
function endAttempt(job: JobRecord, at: string, outcome: string, error?: JobError): JobRecord {
  const { lease: _, ...rest } = job
  const attempts: Attempt[] = job.attempts.map((attempt) =>
    attempt.number === job.fence ? { ...attempt, endedAt: at, outcome, ...(error && { error }) } : attempt,
  )
  return { ...rest, attempts }
}

function errorOf(code: 'job-timeout' | 'worker-lost' | 'too-many-interruptions'): JobError {
  const { title, help, retry } = errorCatalogue[code]
  return { code, message: `${title}. ${help}`, retry }
}
