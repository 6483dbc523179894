import { isDone, isEnded, type JobRecord } from '#shared/jobs/record.ts'
import { progressOf, type SeenJob } from './present-job.ts'

/** Where in its life a job was seen; events are ordered by (fence, rank, seq), as docs/protocol.md orders states. */
export interface Moment {
  readonly fence: number
  readonly rank: number
  readonly seq: number
}

/**
 * A job that runs gets a new fence, so within one fence the order is: running, queued again, ended, delivered.
 * (Before the first attempt the fence is 0.) `seq` is the worker's beat while it runs.
 */
export function momentOf(seen: SeenJob): Moment {
  const job = seen.found.value
  return { fence: job.fence, rank: rankOf(job), seq: progressOf(seen) ? (seen.worker?.seq ?? 0) : 0 }
}

/** `job.running`, `job.succeeded`, ... after the job's status; `job.delivered` when everyone has been told. */
export function eventTypeOf(job: JobRecord): string {
  return rankOf(job) === DELIVERED ? 'job.delivered' : `job.${job.status}`
}

export const isLater = (a: Moment, b: Moment): boolean =>
  a.fence !== b.fence ? a.fence > b.fence : a.rank !== b.rank ? a.rank > b.rank : a.seq > b.seq

/** As the id of a server-sent event. */
export const momentId = ({ fence, rank, seq }: Moment): string => `${fence}.${rank}.${seq}`

/** The moment in a `Last-Event-ID`; `undefined` when it is not one of ours (then everything is news). */
export function parseMomentId(id: string): Moment | undefined {
  const [, fence, rank, seq] = /^(\d{1,9})\.(\d)\.(\d{1,15})$/.exec(id) ?? []
  return fence && rank && seq ? { fence: Number(fence), rank: Number(rank), seq: Number(seq) } : undefined
}

const DELIVERED = 3

function rankOf(job: JobRecord): number {
  if (job.status === 'running') return 0
  if (job.status === 'queued') return 1
  const wasAskedToTell = job.delivery.status !== 'none'
  return isEnded(job.status) && isDone(job) && wasAskedToTell ? DELIVERED : 2
}
