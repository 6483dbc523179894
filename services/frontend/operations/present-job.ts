import { type FrozenOutput, isDone, type JobRecord } from '#shared/jobs/record.ts'
import type { Found, Stamp } from '#shared/state/state-store.ts'
import type { Progress, WorkerRecord } from '#shared/workers/worker-record.ts'
import type { Job, OutputResult } from '../shapes/job.ts'

/** A job as it was read, with what its worker says of it if it runs. */
export interface SeenJob {
  readonly found: Found<JobRecord>
  /** Of the worker that holds the lease; `undefined` when the job does not run or the worker is silent. */
  readonly worker?: WorkerRecord & Stamp
}

/** A job's record as clients see it: without leases, keys and buckets; with URLs and progress. */
export function presentJob(seen: SeenJob, publicUrl: string): Job {
  const job = seen.found.value
  const progress = progressOf(seen)
  const { inputs, outputs, delivery, result } = job
  return {
    id: job.id,
    revision: job.rev,
    ...given({ retryOf: job.retryOf }),
    status: job.status,
    done: isDone(job),
    ...(job.status === 'queued' && { waitingFor: 'capacity' }),
    ...(progress && {
      phase: progress.phase,
      ...given({
        progress: progress.ratio,
        etaSec: progress.etaSec,
        realtimeFactor: progress.realtimeFactor,
      }),
    }),
    ...(job.status === 'succeeded' && { progress: 1 }),
    inputs: inputs.map(({ id, source }) => ({ id, source, ...given({ detected: result?.detected }) })),
    outputs: outputs.map((output) => presentOutput(seen, output, publicUrl)),
    ...given({ reference: job.reference }),
    metadata: job.metadata,
    notify: job.notify.map(({ kind, url, events }) => ({ kind, url, events })),
    ...given({ cancelRequestedAt: job.cancelRequestedAt, error: job.error }),
    warnings: job.warnings,
    attempts: job.attempts.map(({ number, worker, startedAt, endedAt, outcome, error }) => ({
      number,
      worker,
      startedAt,
      ...given({ endedAt, outcome, error }),
    })),
    delivery: { status: delivery.status, ...given({ error: delivery.error }) },
    createdAt: job.createdAt,
    ...given({
      startedAt: job.startedAt,
      endedAt: job.endedAt,
      expiresAt: job.expiresAt,
      receipt: result?.receipt,
    }),
  }
}

/** One output of a job as clients see it. */
export function presentOutput(seen: SeenJob, output: FrozenOutput, publicUrl: string): OutputResult {
  const job = seen.found.value
  const result = job.result?.outputs.find((candidate) => candidate.name === output.name)
  const ratio = progressOf(seen)?.ratio
  const url = (path: string) =>
    `${publicUrl}/v1/jobs/${job.id}/outputs/${output.name}/files/${path.split('/').map(encodeURIComponent).join('/')}`
  return {
    name: output.name,
    kind: output.kind,
    status: result?.status ?? statusWithoutResult(job),
    ...given({ reason: result?.reason, progress: result ? 1 : ratio }),
    preset: output.preset,
    settings: output.settings,
    ...given({ durationSec: result?.durationSec }),
    ...(result && { streams: result.streams }),
    files: (result?.files ?? []).map((file) => ({ ...file, url: url(file.path) })),
    fileCount: result?.fileCount ?? 0,
    totalBytes: result?.totalBytes ?? 0,
    checks: result?.checks ?? [],
    ...(job.status === 'failed' && job.error?.output === output.name && { error: job.error }),
  }
}

/** The progress of a running job. What a worker says of another lease is not this attempt's. */
export function progressOf({ found, worker }: SeenJob): Progress | undefined {
  const { lease, status } = found.value
  return status === 'running' && lease && worker?.leaseId === lease.id ? worker.progress : undefined
}

/** Changes whenever the answer does: the record's revision, and the worker's beat while it runs. */
export const revisionTag = (seen: SeenJob): string =>
  progressOf(seen) ? `${seen.found.value.rev}.${seen.worker?.seq}` : String(seen.found.value.rev)

function statusWithoutResult(job: JobRecord): string {
  switch (job.status) {
    case 'queued':
      return 'pending'
    case 'running':
    case 'failed':
    case 'canceled':
    case 'succeeded':
      return job.status
    default:
      throw job.status satisfies never
  }
}

/** Only the fields that have a value: absent means unknown, and an undefined field would not survive JSON anyway. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
