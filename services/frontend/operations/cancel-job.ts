import { cancelJob as cancelRecord } from '#shared/jobs/cancel-job.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { Job } from '../shapes/job.ts'
import type { OperationContext } from './context.ts'
import { presentJob } from './present-job.ts'
import { withWorker } from './see-job.ts'

/**
 * Cancels a queued job at once and a running one within seconds; an ended one stays as it is. Idempotent.
 * Throws `not-found`, `gone`.
 */
export async function cancelJob(context: OperationContext, caller: Caller, jobId: string): Promise<Job> {
  const found = await cancelRecord(context, caller.tenant, jobId)
  return presentJob(await withWorker(context.store, found), context.publicUrl)
}
