import type { FrozenNotify } from '#shared/jobs/record.ts'
import { submitJob as commitJob } from '#shared/jobs/submit-job.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import { type CreateJob, type NotifyRequest, notifyEvents } from '../shapes/create-job.ts'
import type { Job } from '../shapes/job.ts'
import type { OperationContext } from './context.ts'
import { freezeInput } from './freeze-input.ts'
import { freezeOutputs } from './freeze-outputs.ts'
import { presentJob } from './present-job.ts'
import { requestHash } from './request-hash.ts'

/**
 * Accepts a job: its presets, settings and notifications are frozen now. Once this resolves it is never lost.
 *
 * Throws `upload-not-ready`, `location-not-granted`, `unknown-preset`, `override-out-of-bounds`,
 * `destination-refused`, `idempotency-mismatch`, `not-found`, `gone`, `quota-exceeded`,
 * `store-unavailable`.
 */
export async function submitJob(
  context: OperationContext,
  caller: Caller,
  request: CreateJob,
  idempotency?: {
    readonly key: string
    /** What the key stands for, when that is not the request itself: the bytes of a form's file, say. */
    readonly meaning?: unknown
  },
): Promise<Job> {
  const outputs = freezeOutputs(request.outputs)
  const inputs = await Promise.all(
    request.inputs.map((input, index) => freezeInput(context, caller, input, `in${index + 1}`)),
  )
  const notify = await freezeNotify(context, request.notify ?? [])
  await context.openJobs.take({ tenant: caller.tenant, idempotencyKey: idempotency?.key })
  const found = await commitJob(
    context,
    {
      tenant: caller.tenant,
      metadata: request.metadata ?? {},
      inputs,
      outputs,
      notify,
      ...(request.reference !== undefined && { reference: request.reference }),
    },
    idempotency && {
      key: idempotency.key,
      requestSha256: requestHash('submit-job', idempotency.meaning ?? request),
    },
  )
  return presentJob({ found }, context.publicUrl)
}

async function freezeNotify(
  context: OperationContext,
  requests: readonly NotifyRequest[],
): Promise<FrozenNotify[]> {
  return Promise.all(
    requests.map(async ({ url, events }) => {
      await context.checkDestination(url)
      return { kind: 'webhook' as const, url, events: [...new Set(events ?? notifyEvents)] }
    }),
  )
}
