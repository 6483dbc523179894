import { deleteJob as deleteRecord } from '#shared/jobs/delete-job.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { OperationContext } from './context.ts'

/** Deletes an ended job with its outputs. Throws `conflict` while it has not ended, `not-found`, `gone`. */
export async function deleteJob(context: OperationContext, caller: Caller, jobId: string): Promise<void> {
  await deleteRecord(context, caller.tenant, jobId)
}
