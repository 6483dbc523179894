import type { Caller } from '#shared/tenants/caller.ts'
import { parseCreateJob } from '../shapes/create-job.ts'
import type { OperationContext } from './context.ts'
import { freezeOutputs } from './freeze-outputs.ts'

/**
 * Looks for what speaks against a job whose movie comes in the same request, before the movie is stored: it may be
 * large. `request` is a CreateJob without its inputs. Throws as `submitMovie` would when the movie is there.
 */
export async function checkMovieJob(
  context: OperationContext,
  caller: Caller,
  request: Readonly<Record<string, unknown>>,
  idempotencyKey?: string,
): Promise<void> {
  const { outputs, notify = [] } = parseCreateJob({
    ...request,
    inputs: [{ source: { uploadId: 'upl_to_come' } }],
  })
  freezeOutputs(outputs)
  await Promise.all(notify.map(({ url }) => context.checkDestination(url)))
  await context.openJobs.check({ tenant: caller.tenant, idempotencyKey })
}
