import { ReelmillError } from '#shared/errors.ts'
import { attemptPrefix } from '#shared/jobs/keys.ts'
import { readJob } from '#shared/jobs/read-job.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { OperationContext } from './context.ts'

export type FilePlace = {
  readonly jobId: string
  /** The output's name. */
  readonly output: string
  /** Relative to the output. */
  readonly path: string
}

export interface FoundFile {
  readonly job: JobRecord
  readonly key: string
  readonly sizeBytes: number
  readonly contentType?: string
}

/**
 * Where a produced file lies. Only the fence that won is ever looked at. Throws `not-found` (no such job, output or
 * file; or the job has not succeeded), `gone`.
 */
export async function findFile(
  context: OperationContext,
  caller: Caller,
  where: FilePlace,
): Promise<FoundFile> {
  const { value: job } = await readJob(context.store, caller.tenant, where.jobId)
  const { result } = job
  const output = result?.outputs.find((candidate) => candidate.name === where.output)
  if (!result || !output || where.path.split('/').some(isNoName)) throw noFile(where, job)
  const key = `${attemptPrefix(job.tenant, job.id, result.task, result.fence)}${output.name}/${where.path}`
  const known = output.files.find((file) => file.path === where.path)
  if (known) return found(job, key, known)
  // The record names the principal files; of an output with more, the store knows the rest.
  const object = output.fileCount > output.files.length ? await context.media.head(key) : undefined
  if (!object) throw noFile(where, job)
  return found(job, key, object)
}

const found = (
  job: JobRecord,
  key: string,
  { sizeBytes, contentType }: { readonly sizeBytes: number; readonly contentType?: string | undefined },
): FoundFile => ({ job, key, sizeBytes, ...(contentType !== undefined && { contentType }) })

/** A URL is normalised on its way to the store; what such a segment would turn a key into is nobody's business. */
const isNoName = (segment: string): boolean => segment === '' || segment === '.' || segment === '..'

const noFile = (where: FilePlace, job: JobRecord) =>
  new ReelmillError('not-found', whyNoFile(where, job), { facts: where })

function whyNoFile({ jobId, output, path }: FilePlace, job: JobRecord): string {
  const look = `GET /v1/jobs/${jobId}`
  switch (job.status) {
    case 'succeeded':
      return `The job ${jobId} has no file ${output}/${path}. ${look} names those that it has.`
    case 'queued':
    case 'running':
      return `The job ${jobId} is ${job.status} and has no files yet. Follow it with ${look}/events, then fetch them.`
    case 'failed':
      return `The job ${jobId} failed and has no files. ${look} says why; POST /v1/jobs/${jobId}/retry tries again.`
    case 'canceled':
      return `The job ${jobId} was canceled and has no files. POST /v1/jobs/${jobId}/retry submits it again.`
    default:
      throw job.status satisfies never
  }
}
