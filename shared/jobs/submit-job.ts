import { type Clock, isoTime } from '#shared/clock.ts'
import { messageOf, ReelmillError } from '#shared/errors.ts'
import { newId, timeOfId } from '#shared/ids.ts'
import { claimIdempotencyKey } from '#shared/jobs/idempotency.ts'
import {
  allHintKey,
  expiryHintKey,
  jobExpiryId,
  jobKey,
  openHintKey,
  referenceHintKey,
} from '#shared/jobs/keys.ts'
import { type JobRecord, parseJob, RECORD_VERSION } from '#shared/jobs/record.ts'
import type { JobTimes } from '#shared/jobs/times.ts'
import { keepUpload } from '#shared/jobs/uploads.ts'
import type { Log } from '#shared/log.ts'
import type { BellQueue } from '#shared/queue/bell-queue.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'

/** What a caller decides about a new job; everything else in the record begins the same for all. */
export type NewJob = Pick<
  JobRecord,
  'tenant' | 'reference' | 'metadata' | 'inputs' | 'outputs' | 'notify' | 'retryOf'
>

export interface SubmitContext {
  readonly store: StateStore
  readonly queue: BellQueue
  readonly clock: Clock
  readonly log: Log
  readonly times: JobTimes
}

/**
 * Accepts a job, in the order of docs/protocol.md: claim the key, keep the inputs, look, hints, record,
 * bell, answer. Once this resolves the job is never lost (P1); repeated with the same idempotency key it runs
 * every step again and answers with the same job (P8).
 *
 * Throws `idempotency-mismatch`, `gone` (an input or the job itself was deleted), `store-unavailable`.
 */
export async function submitJob(
  context: SubmitContext,
  job: NewJob,
  idempotency?: { readonly key: string; readonly requestSha256: string },
): Promise<Found<JobRecord>> {
  const { store, clock, times, queue, log } = context
  const ownId = newId('job', clock.now())
  let jobId = ownId
  if (idempotency) {
    jobId = await claimIdempotencyKey(context, {
      tenant: job.tenant,
      operation: 'submit-job',
      id: ownId,
      ...idempotency,
    })
  }
  for (const { source } of job.inputs) {
    if (source.uploadId)
      await keepUpload(store, source.uploadId, clock.now() + times.jobLifeMs, times.jobLifeMs / 100)
  }
  // Under an id that was made just now there can be nothing, or only what a repeat of this request writes meanwhile;
  // then the create below finds it.
  const existing = jobId === ownId ? undefined : await lookUp(store, jobId)
  if (existing) return existing

  // Hints before the record: a record that no list shows would never be swept (H4).
  await store.putHint(openHintKey(job.tenant, jobId))
  await store.putHint(allHintKey(job.tenant, jobId))
  // This one leads retention to the hint by reference, so it comes before it.
  const expiryId = jobExpiryId(job.tenant, jobId, job.reference)
  await store.putHint(expiryHintKey(clock.now() + times.retentionMs, 'job', expiryId))
  if (job.reference !== undefined) await store.putHint(referenceHintKey(job.tenant, job.reference, jobId))
  const record = newRecord(jobId, job, clock)
  const created = await store.create<JobRecord>(jobKey(jobId), record)
  if (created.outcome === 'exists') return (await lookUp(store, jobId)) ?? created.found

  try {
    await queue.send({ version: 1, jobId, task: 'main' })
  } catch (error) {
    // The record is the truth and the queue only a bell: the sweep rings again.
    log.warn({ jobId, reason: messageOf(error) }, 'the bell could not be rung; the sweep will ring it')
  }
  return created.found
}

async function lookUp(store: StateStore, jobId: string): Promise<Found<JobRecord> | undefined> {
  const found = await store.get<JobRecord>(jobKey(jobId))
  if (!found) return undefined
  const job = parseJob(found)
  if (job.kind === 'job') return found
  throw new ReelmillError(
    'gone',
    `The job ${jobId} has been deleted. Submit again with a new idempotency key.`,
    {
      facts: { jobId },
    },
  )
}

function newRecord(id: string, job: NewJob, clock: Clock): JobRecord {
  return {
    ...job,
    kind: 'job',
    version: RECORD_VERSION,
    id,
    createdAt: isoTime(timeOfId(id) ?? clock.now()),
    status: 'queued',
    fence: 0,
    failures: 0,
    lost: 0,
    interruptions: 0,
    attempts: [],
    warnings: [],
    delivery: { status: job.notify.length > 0 ? 'pending' : 'none', delivered: [], attempts: 0 },
  }
}
