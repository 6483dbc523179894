import { isoTime } from '#shared/clock.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { OperationContext } from './context.ts'
import { type FilePlace, findFile } from './find-file.ts'

/**
 * A presigned URL of one produced file, which needs no key and is valid for a short time. Throws as {@link findFile}.
 */
export async function locateFile(
  context: OperationContext,
  caller: Caller,
  where: FilePlace,
): Promise<{ readonly url: string; readonly expiresAt: string }> {
  const { media, limits, clock } = context
  const { job, key, contentType } = await findFile(context, caller, where)
  const url = await media.presignRead(key, {
    expiresSec: limits.readUrlSec,
    fileName: downloadName(job, where.output, where.path),
    ...(contentType !== undefined && { contentType }),
  })
  return { url, expiresAt: isoTime(clock.now() + limits.readUrlSec * 1000) }
}

/** `holiday-web-720p.mp4` for the main file of an output, so that downloads of several jobs can be told apart. */
function downloadName(job: JobRecord, output: string, path: string): string {
  const base = path.split('/').at(-1) ?? output
  const movie = job.inputs[0]?.fileName?.replace(/\.[^.]*$/, '')
  if (!movie || path.includes('/')) return base
  const extension = /\.[A-Za-z0-9]+$/.exec(base)?.[0] ?? ''
  return `${movie}-${output}${extension}`
}
