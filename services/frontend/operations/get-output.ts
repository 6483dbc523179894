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
  const { outputs } = seen.found.value
  const output = outputs.find((candidate) => candidate.name === name)
  if (!output) {
    const names = outputs.map((each) => each.name).join(', ')
    throw new ReelmillError('not-found', `The job ${jobId} has no output ${name}. It has ${names}.`, {
      facts: { jobId, output: name },
    })
  }
  return { output: presentOutput(seen, output, context.publicUrl), tag: revisionTag(seen) }
}
