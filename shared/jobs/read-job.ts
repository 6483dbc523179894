import { ReelmillError } from '#shared/errors.ts'
import { jobKey } from '#shared/jobs/keys.ts'
import { type JobRecord, parseJob } from '#shared/jobs/record.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'

/**
 * Reads a job on behalf of its tenant. Throws `not-found` when it never was or is another tenant's (the two
 * are told apart to nobody), `gone` when it was deleted, `conflict` when a newer Reelmill wrote it.
 */
export async function readJob(store: StateStore, tenant: string, jobId: string): Promise<Found<JobRecord>> {
  const found = await store.get<JobRecord>(jobKey(jobId))
  if (!found || found.value.tenant !== tenant) {
    throw new ReelmillError('not-found', `There is no job ${jobId}. GET /v1/jobs lists yours.`, {
      facts: { jobId },
    })
  }
  const job = parseJob(found)
  switch (job.kind) {
    case 'job':
      return found
    case 'tombstone':
      throw new ReelmillError(
        'gone',
        `The job ${jobId} has been deleted, or its time was over. Submit its movie again to have it again.`,
        { facts: { jobId } },
      )
    case 'newer':
      throw new ReelmillError(
        'conflict',
        `The job ${jobId} was written by a newer version of Reelmill. Ask a server of that version.`,
        { facts: { jobId } },
      )
    default:
      throw job satisfies never
  }
}
