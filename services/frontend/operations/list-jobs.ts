import { listJobs as listRecords } from '#shared/jobs/list-jobs.ts'
import type { JobStatus } from '#shared/jobs/record.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { Job } from '../shapes/job.ts'
import type { Page } from '../shapes/page.ts'
import type { OperationContext } from './context.ts'
import { presentJob } from './present-job.ts'
import { withWorker } from './see-job.ts'

export interface JobQuery {
  readonly status?: JobStatus
  readonly reference?: string
  /** 1 to 200. */
  readonly limit?: number
  readonly cursor?: string
}

/** One page of the tenant's jobs, newest first. With `status` a page may be short and still have a next one. */
export async function listJobs(
  context: OperationContext,
  caller: Caller,
  query: JobQuery,
): Promise<Page<Job>> {
  const { store, publicUrl } = context
  const page = await listRecords(store, { ...query, tenant: caller.tenant, limit: query.limit ?? 50 })
  const seen = await Promise.all(page.items.map((found) => withWorker(store, found)))
  return {
    items: seen.map((each) => presentJob(each, publicUrl)),
    ...(page.nextCursor !== undefined && { nextCursor: page.nextCursor }),
  }
}
