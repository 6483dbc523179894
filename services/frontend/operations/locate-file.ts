import { ReelmillError } from '#shared/errors.ts'
import { attemptPrefix } from '#shared/jobs/keys.ts'
import { readJob } from '#shared/jobs/read-job.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { OperationContext } from './context.ts'

/**
 * A presigned URL of one produced file, valid for a short time. Only the fence that won is ever looked at.
 * Throws `not-found` (no such job, output or file; or the job has not succeeded), `gone`.
 */
export async function locateFile(
  context: OperationContext,
  caller: Caller,
  where: { readonly jobId: string; readonly output: string; readonly path: string },
): Promise<string> {
  const { store, media, limits } = context
  const { value: job } = await readJob(store, caller.tenant, where.jobId)
  const { result } = job
  const output = result?.outputs.find((candidate) => candidate.name === where.output)
  if (!result || !output || where.path.split('/').some(isNoName)) throw noFile(where, job)
  const key = `${attemptPrefix(job.tenant, job.id, result.task, result.fence)}${output.name}/${where.path}`
  const known = output.files.find((file) => file.path === where.path)
  // The record names the principal files; of an output with more, the store knows the rest.
  if (!known && (output.fileCount <= output.files.length || !(await media.head(key))))
    throw noFile(where, job)
  return media.presignRead(key, {
    expiresSec: limits.readUrlSec,
    fileName: downloadName(job, where.output, where.path),
    ...(known?.contentType !== undefined && { contentType: known.contentType }),
  })
}

/** A URL is normalised on its way to the store; what such a segment would turn a key into is nobody's business. */
const isNoName = (segment: string): boolean => segment === '' || segment === '.' || segment === '..'

/** `holiday-web-720p.mp4` for the main file of an output, so that downloads of several jobs can be told apart. */
function downloadName(job: JobRecord, output: string, path: string): string {
  const base = path.split('/').at(-1) ?? output
  const movie = job.inputs[0]?.fileName?.replace(/\.[^.]*$/, '')
  if (!movie || path.includes('/')) return base
  const extension = /\.[A-Za-z0-9]+$/.exec(base)?.[0] ?? ''
  return `${movie}-${output}${extension}`
}

const noFile = (where: { jobId: string; output: string; path: string }, job: JobRecord) =>
  new ReelmillError(
    'not-found',
    job.status === 'succeeded'
      ? `The job ${where.jobId} has no file ${where.output}/${where.path}. GET /v1/jobs/${where.jobId} names those that it has.`
      : `The job ${where.jobId} is ${job.status}: it has no files${job.status === 'queued' || job.status === 'running' ? ' yet' : ''}.`,
    { facts: where },
  )
