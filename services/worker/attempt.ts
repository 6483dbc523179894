import { errorCatalogue } from '#shared/error-codes.ts'
import { hasCode, messageOf, ReelmillError } from '#shared/errors.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import type { JobError } from '#shared/jobs/shapes.ts'
import type { Log } from '#shared/log.ts'
import type { MediaStore } from '#shared/storage/media-store.ts'
import type { Progress } from '#shared/workers/worker-record.ts'
import { besideCheck } from './beside-check.ts'
import { checkInput } from './check-input.ts'
import type { Engine } from './engine.ts'
import { fetchInput } from './fetch-input.ts'
import { isDiskFull } from './is-disk-full.ts'
import { type Lease, type StopReason, watchLease } from './lease.ts'
import { Publication } from './publication.ts'
import type { Registration } from './registration.ts'
import { discardOutputs, type SettleContext, type Settlement, settle } from './settle.ts'
import { Workspace } from './workspace.ts'

export interface AttemptContext extends SettleContext {
  readonly registration: Registration
  readonly engine: Engine
  readonly log: Log
  /** Where attempts put their files, and the most that one may use, in bytes. */
  readonly workspaceRoot: string
  readonly workspaceQuotaBytes: number
  /** Aborted when the worker must hand back what it has (SIGTERM, spot notice). */
  readonly interrupted: AbortSignal
  /** Opens a bucket that a job names by `s3://`; `undefined` is the media bucket. */
  openBucket(bucket: string | undefined): MediaStore
}

const SETTLE_AGAIN_MS = 1_000
const STORE_AGAIN_MS = 2_000
const STORE_AWAY_MS = 15 * 60_000

/**
 * Runs one leased job to a settled end: fetch -> encode, comparing the input beside it -> verify, uploading beside it
 * -> settle.
 *
 * An attempt is *running* until its work ends or one of its stop reasons comes, then *stopping* (everything it
 * started is gone before the work's promise settles), then *settling*. Only an attempt that may still hold the
 * lease settles: one that lost it, or was dismissed, is nobody and only tidies up after itself. Its files are removed
 * last: with a large movie that takes a while, for which its client need not wait.
 * Returns the job as it was settled; `undefined` when this attempt had no say.
 */
export async function runAttempt(context: AttemptContext, lease: Lease): Promise<JobRecord | undefined> {
  const { registration } = context
  const stop = new AbortController()
  const watching = new AbortController()
  const stopFor = (reason: StopReason) => stop.abort(reason)
  const onInterrupted = () => stopFor('interrupted')
  const onDismissed = () => stopFor('dismissed')
  context.interrupted.addEventListener('abort', onInterrupted, { once: true })
  registration.dismissed.addEventListener('abort', onDismissed, { once: true })
  if (context.interrupted.aborted) onInterrupted()
  if (registration.dismissed.aborted) onDismissed()
  const watch = watchLease(context, lease, {
    everyMs: context.times.leaseCheckMs,
    signal: watching.signal,
    stop: stopFor,
  })
  await using files = new AsyncDisposableStack()
  try {
    const settlement = await work(context, lease, files, stop.signal)
    const job = settlement && (await settleStubbornly(context, lease, settlement))
    if (settlement?.type !== 'succeed' || job?.result?.leaseId !== lease.leaseId) {
      await tidyUp(context, lease)
    }
    return job
  } finally {
    context.interrupted.removeEventListener('abort', onInterrupted)
    registration.dismissed.removeEventListener('abort', onDismissed)
    watching.abort()
    await watch
  }
}

/** Does the work and says how it ended; `undefined` when this attempt is nobody any more. */
async function work(
  context: AttemptContext,
  lease: Lease,
  files: AsyncDisposableStack,
  stop: AbortSignal,
): Promise<Settlement | undefined> {
  const { log } = context
  const phase = { now: 'fetch' }
  try {
    stop.throwIfAborted()
    const workspace = await openWorkspace(context, files)
    return await fetchEncodePublish(context, lease, workspace, stop, (progress) => {
      phase.now = progress.phase
      context.registration.report(progress)
    })
  } catch (error) {
    if (stop.aborted) {
      const reason = stop.reason as StopReason
      log.info({ reason }, 'the attempt was stopped')
      switch (reason) {
        case 'canceled':
          return { type: 'stop' }
        case 'interrupted':
          return { type: 'interrupt' }
        case 'lease-lost':
        case 'dismissed':
          return undefined
        default:
          throw reason satisfies never
      }
    }
    const jobError = asJobError(error, phase.now, lease.fence)
    log.warn({ err: error, code: jobError.code, phase: phase.now }, 'the attempt failed')
    return { type: 'fail', error: jobError }
  }
}

/** What cannot be removed with `files` goes when this process ends. */
async function openWorkspace(context: AttemptContext, files: AsyncDisposableStack): Promise<Workspace> {
  const workspace = await Workspace.open(context.workspaceRoot, context.workspaceQuotaBytes)
  files.defer(async () => {
    try {
      await workspace.remove()
    } catch (error) {
      const { dir } = workspace
      context.log.warn({ dir, reason: messageOf(error) }, 'the files of an attempt could not be removed')
    }
  })
  return workspace
}

async function fetchEncodePublish(
  context: AttemptContext,
  lease: Lease,
  workspace: Workspace,
  stop: AbortSignal,
  report: (progress: Progress) => void,
): Promise<Settlement> {
  const { clock, engine, media, log } = context
  const job = lease.found.value
  const [input] = job.inputs
  if (!input) throw new ReelmillError('internal', 'The job has no input. This is a defect.')

  report({ phase: 'fetch' })
  const startedMs = clock.monotonicMs()
  const fetched = await whenStoreAnswers(context, stop, () => fetchInput(context, input, workspace, stop))
  const fetchedMs = clock.monotonicMs()
  log.info({ sizeBytes: fetched.sizeBytes, fetchSec: seconds(fetchedMs - startedMs) }, 'the input is here')

  await using publication = new Publication(media, lease, stop)
  const encoded = await besideCheck(
    stop,
    (signal) => checkInput(input, fetched.path, signal),
    (signal) =>
      engine({
        jobId: job.id,
        inputPath: fetched.path,
        inputId: input.id,
        outputDir: workspace.outputDir,
        outputs: job.outputs,
        signal,
        onProgress: report,
        onWritten: (output, file) => void publication.begin(output, file),
      }),
  )
  report({ phase: 'upload' })
  const encodedMs = clock.monotonicMs()
  const published = await whenStoreAnswers(context, stop, () => publication.finish(encoded.outputs))
  const uploadedMs = clock.monotonicMs()
  return {
    type: 'succeed',
    warnings: encoded.warnings,
    result: {
      fence: lease.fence,
      leaseId: lease.leaseId,
      task: lease.task,
      detected: encoded.detected,
      outputs: [...published.outputs],
      manifestSha256: published.manifestSha256,
      receipt: {
        queueSec: Math.max(
          0,
          seconds(Date.parse(job.lease?.since ?? job.createdAt) - Date.parse(job.createdAt)),
        ),
        fetchSec: seconds(fetchedMs - startedMs),
        encodeSec: encoded.encodeSec,
        verifySec: encoded.verifySec,
        uploadSec: seconds(uploadedMs - encodedMs),
        ...(encoded.cpuSec !== undefined && { cpuSec: encoded.cpuSec }),
        bytesIn: fetched.sizeBytes,
        bytesOut: published.bytesOut,
      },
    },
  }
}

/**
 * Repeats a step while the media store is away, for up to {@link STORE_AWAY_MS}: hours of encoding are not thrown
 * away for a store that restarts, and an outage is not the job's failure.
 */
async function whenStoreAnswers<T>(
  context: AttemptContext,
  stop: AbortSignal,
  step: () => Promise<T>,
): Promise<T> {
  const { clock, log } = context
  const endsAt = clock.monotonicMs() + STORE_AWAY_MS
  for (;;) {
    try {
      return await step()
    } catch (error) {
      stop.throwIfAborted()
      const mayPass = hasCode(error, 'store-unavailable') && error.retry === 'later'
      if (!mayPass || clock.monotonicMs() >= endsAt) throw error
      log.warn({ reason: error.message }, 'the media store does not answer; trying again')
      await clock.sleep(STORE_AGAIN_MS, stop)
    }
  }
}

/** Settles however long the store is away: the work is done, and only a dismissal makes it somebody else's. */
async function settleStubbornly(
  context: AttemptContext,
  lease: Lease,
  settlement: Settlement,
): Promise<JobRecord | undefined> {
  const { registration, clock, log } = context
  while (!registration.dismissed.aborted) {
    try {
      return await settle(context, lease, settlement)
    } catch (error) {
      if (!hasCode(error, 'store-unavailable')) throw error
      log.warn({ err: error }, 'the attempt could not be settled yet')
      await clock.sleep(SETTLE_AGAIN_MS)
    }
  }
  return undefined
}

async function tidyUp(context: AttemptContext, lease: Lease): Promise<void> {
  const { log } = context
  try {
    const outcome = await discardOutputs(context, lease)
    log.debug({ outcome }, 'what this attempt had uploaded')
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'what this attempt had uploaded is left for the sweep')
  }
}

function asJobError(error: unknown, phase: string, attempt: number): JobError {
  const ours = error instanceof ReelmillError ? error : asOurs(error)
  const details = Object.entries(ours.facts).map(([name, fact]): [string, string] => [
    name,
    (typeof fact === 'string' ? fact : JSON.stringify(fact)).slice(0, 2_000),
  ])
  return {
    code: ours.code,
    message: ours.code === 'internal' ? errorCatalogue.internal.title : ours.message,
    retry: ours.retry,
    phase,
    attempt,
    ...(details.length > 0 && { details: Object.fromEntries(details) }),
  }
}

function asOurs(error: unknown): ReelmillError {
  if (!isDiskFull(error)) {
    return new ReelmillError('internal', messageOf(error), { cause: error })
  }
  return new ReelmillError('disk-full', "The worker's disk filled up. Give workers more space.", {
    cause: error,
  })
}

const seconds = (ms: number): number => Math.round(ms) / 1000
