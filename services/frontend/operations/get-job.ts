import type { Caller } from '#shared/tenants/caller.ts'
import type { Job } from '../shapes/job.ts'
import type { OperationContext } from './context.ts'
import { presentJob, revisionTag } from './present-job.ts'
import { seeJob } from './see-job.ts'

/** The job as it stands; `tag` changes whenever the answer does. Throws `not-found`, `gone`. */
export async function getJob(
  context: OperationContext,
  caller: Caller,
  jobId: string,
): Promise<{ readonly job: Job; readonly tag: string }> {
  const seen = await seeJob(context.store, caller.tenant, jobId)
  return { job: presentJob(seen, context.publicUrl), tag: revisionTag(seen) }
}
