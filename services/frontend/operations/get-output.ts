import { ReelmillError } from '#shared/errors.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { OutputResult } from '../shapes/job.ts'
import type { OperationContext } from './context.ts'
import { presentOutput, revisionTag } from './present-job.ts'
import { seeJob } from './see-job.ts'

/** One output of a job. Throws `not-found`, `gone`. */
export async function getOutput(
  context: OperationContext,
  caller: Caller,
  jobId: string,
  name: string,
): Promise<{ readonly output: OutputResult; readonly tag: string }> {
  const seen = await seeJob(context.store, caller.tenant, jobId)
  const output = seen.found.value.outputs.find((candidate) => candidate.name === name)
  if (!output) {
    throw new ReelmillError('not-found', `The job ${jobId} has no output ${name}.`, {
      facts: { jobId, output: name },
    })
  }
  return { output: presentOutput(seen, output, context.publicUrl), tag: revisionTag(seen) }
}
