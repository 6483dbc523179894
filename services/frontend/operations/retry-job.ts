import { ReelmillError } from '#shared/errors.ts'
import { readJob } from '#shared/jobs/read-job.ts'
import { isEnded } from '#shared/jobs/record.ts'
import { submitJob } from '#shared/jobs/submit-job.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { Job } from '../shapes/job.ts'
import type { OperationContext } from './context.ts'
import { presentJob } from './present-job.ts'
import { requestHash } from './request-hash.ts'

/**
 * Submits an ended job again as a new one with `retryOf`: the same input, frozen settings and notifications.
 * Throws `conflict` while it has not ended, `gone` when its input is no longer kept, `not-found`,
 * `idempotency-mismatch`, `quota-exceeded`.
 */
export async function retryJob(
  context: OperationContext,
  caller: Caller,
  jobId: string,
  idempotencyKey?: string,
): Promise<Job> {
  const { value: old } = await readJob(context.store, caller.tenant, jobId)
  if (!isEnded(old.status)) {
    throw new ReelmillError(
      'conflict',
      `The job ${jobId} is ${old.status}. Only an ended job can be retried; cancel it first if need be.`,
      { facts: { jobId, status: old.status } },
    )
  }
  // A line break cannot come in a header, so this never is the key of a submit: keys count per operation.
  const key = idempotencyKey === undefined ? undefined : `retry-job\n${idempotencyKey}`
  await context.openJobs.take({ tenant: caller.tenant, idempotencyKey: key })
  const found = await submitJob(
    context,
    {
      tenant: caller.tenant,
      retryOf: old.id,
      metadata: old.metadata,
      inputs: old.inputs,
      outputs: old.outputs,
      notify: old.notify,
      ...(old.reference !== undefined && { reference: old.reference }),
    },
    key === undefined ? undefined : { key, requestSha256: requestHash('retry-job', { jobId }) },
  )
  return presentJob({ found }, context.publicUrl)
}
