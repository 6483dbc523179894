import type { Caller } from '#shared/tenants/caller.ts'
import { parseCreateJob } from '../shapes/create-job.ts'
import type { Job } from '../shapes/job.ts'
import type { Upload } from '../shapes/upload.ts'
import type { OperationContext } from './context.ts'
import { deleteUpload } from './delete-upload.ts'
import { submitJob } from './submit-job.ts'

/**
 * Submits a job for a movie that came in the same request and is in `upload` now. `request` is a CreateJob without
 * its inputs. The upload is deleted again when the job is refused, or when the idempotency key already stands for a
 * job with the same movie. Throws as {@link submitJob} and as the reading of a CreateJob does.
 */
export async function submitMovie(
  context: OperationContext,
  caller: Caller,
  upload: Upload,
  request: Readonly<Record<string, unknown>>,
  idempotencyKey?: string,
): Promise<Job> {
  try {
    const whole = parseCreateJob({ ...request, inputs: [{ source: { uploadId: upload.id } }] })
    const job = await submitJob(
      context,
      caller,
      whole,
      idempotencyKey === undefined
        ? undefined
        : // A repeat has another upload each time; its bytes are what must be the same.
          { key: idempotencyKey, meaning: { ...whole, inputs: [{ sha256: upload.sha256 }] } },
    )
    const isReplay = job.inputs[0]?.source.uploadId !== upload.id
    if (isReplay) await deleteUpload(context, caller, upload.id)
    return job
  } catch (error) {
    await deleteUpload(context, caller, upload.id)
    throw error
  }
}
