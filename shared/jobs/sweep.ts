import { type Clock, isoTime } from '#shared/clock.ts'
import { messageOf } from '#shared/errors.ts'
import { timeOfId } from '#shared/ids.ts'
import { closeJob } from '#shared/jobs/close-job.ts'
import { clearGrave } from '#shared/jobs/delete-job.ts'
import { expireLease } from '#shared/jobs/expire-lease.ts'
import { forEachLimited } from '#shared/jobs/for-each-limited.ts'
import { expiryHintKey, jobKey, OPEN_PREFIX, openHintKey, parseJobHint } from '#shared/jobs/keys.ts'
import type { Notifier } from '#shared/jobs/notifier.ts'
import { notifyEnded } from '#shared/jobs/notify-ended.ts'
import { isDone, type JobRecord, type JobTombstone, parseJob, RECORD_VERSION } from '#shared/jobs/record.ts'
import type { JobTimes } from '#shared/jobs/times.ts'
import { type RetryPolicy, transition } from '#shared/jobs/transition.ts'
import type { Log } from '#shared/log.ts'
import type { BellQueue } from '#shared/queue/bell-queue.ts'
import { hintPages } from '#shared/state/hint-pages.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'
import type { MediaStore } from '#shared/storage/media-store.ts'
import { type WorkerSighting, WorkerWatch } from '#shared/workers/worker-watch.ts'

export interface SweepDependencies {
  readonly store: StateStore
  readonly media: MediaStore
  readonly queue: BellQueue
  readonly notifier: Notifier
  readonly clock: Clock
  readonly log: Log
  readonly times: JobTimes
  readonly policy?: RetryPolicy
  /** Shared with whoever else looks at the workers: a LIST of them a tick is enough. Left out, the sweep lists. */
  readonly lookAtWorkers?: (signal?: AbortSignal) => Promise<ReadonlyMap<string, WorkerSighting>>
}

export interface QueuedJob {
  readonly jobId: string
  readonly tenant: string
  readonly createdAt: string
  /** Of all its inputs, as far as they are known. */
  readonly sizeBytes: number | undefined
}

/** What one pass saw: the master decides on it how many workers are needed. */
export interface Census {
  readonly queued: readonly QueuedJob[]
  readonly running: number
  /** Ended, but its news is not delivered or its traces not tidied. */
  readonly closing: number
  readonly workers: ReadonlyMap<string, WorkerSighting>
}

const CONCURRENCY = 16
// With no bell in the queue (it was purged, or restarted empty) a job waits only so long for the next ring.
const RING_AT_ONCE_MS = 5_000
// Above this depth bells are not what is missing.
const SHALLOW = 100
// A queued record that nobody works on is read again after its waiting time so far, between these bounds.
const REREAD_LEAST_MS = 10_000
const REREAD_MOST_MS = 10 * 60_000

/** What a sweep remembers of a queued job between passes, so that it need not be read each time. */
interface Waiting {
  readonly job: QueuedJob
  rungAtMs: number
  readAtMs: number
}

/**
 * The load-bearing walk over all open jobs: rings again, expires dead leases, sends notifications, closes what
 * has ended. Any number of sweeps may run at once; each act is a swap that only one of them wins, or harmless
 * when done twice. One job that cannot be swept is logged and does not keep the others waiting.
 */
export class Sweep {
  readonly #d: SweepDependencies
  readonly #lookAtWorkers: (signal?: AbortSignal) => Promise<ReadonlyMap<string, WorkerSighting>>
  #waiting = new Map<string, Waiting>()
  /** Jobs whose news is on its way, and when that is over. */
  readonly #telling = new Map<string, Promise<void>>()

  constructor(dependencies: SweepDependencies) {
    this.#d = dependencies
    const watch = new WorkerWatch(dependencies)
    this.#lookAtWorkers = dependencies.lookAtWorkers ?? ((signal) => watch.look(signal))
  }

  /** One pass over `x/open`. Throws only when the lists themselves cannot be read. */
  async pass(signal?: AbortSignal): Promise<Census> {
    const { queue, log } = this.#d
    // Workers before jobs: a worker that is first seen now has been silent for 0 ms, whatever its record says.
    const workers = await this.#lookAtWorkers(signal)
    const depth = await queue.depth(signal).catch((error: unknown) => {
      log.warn(
        { reason: messageOf(error) },
        'the queue does not tell its depth; bells wait for the next sweep',
      )
      return undefined
    })
    const census = { queued: [] as QueuedJob[], running: 0, closing: 0, workers }
    const waiting = new Map<string, Waiting>()
    for await (const hints of hintPages(this.#d.store, OPEN_PREFIX, { signal })) {
      await forEachLimited(hints, CONCURRENCY, async ({ key }) => {
        signal?.throwIfAborted()
        const hint = parseJobHint(key)
        if (!hint) return log.warn({ key }, 'this hint is not one of ours; it is left alone')
        try {
          await this.#visit(hint, { workers, depth, census, waiting, signal })
        } catch (error) {
          signal?.throwIfAborted()
          log.warn(
            { jobId: hint.jobId, err: error },
            'this job could not be swept; the next sweep tries again',
          )
        }
      })
    }
    this.#waiting = waiting
    return census
  }

  /** Reads this job again in the next pass: someone knows that its worker is gone. */
  lookAgain(jobId: string): void {
    this.#waiting.delete(jobId)
  }

  async #visit(hint: { readonly tenant: string; readonly jobId: string }, pass: Pass): Promise<void> {
    const remembered = this.#waiting.get(hint.jobId)
    if (remembered && !this.#mustRead(remembered, pass)) {
      await this.#ring(remembered, pass)
      return
    }
    const found = await this.#d.store.get<JobRecord>(jobKey(hint.jobId), pass.signal)
    if (!found) return this.#occupy(hint)
    const job = parseJob(found)
    if (job.kind === 'newer') return
    if (job.kind === 'tombstone') {
      await clearGrave(this.#d, job)
      return this.#d.store.delete(openHintKey(hint.tenant, hint.jobId))
    }
    if (job.status === 'queued') return this.#queued(found, pass)
    if (job.status === 'running') return this.#running(found, pass)
    if (isDone(job)) return closeJob(this.#d, job)
    pass.census.closing++
    this.#tell(found, pass.signal)
  }

  /** Resolves when no news is on its way any more. */
  async told(): Promise<void> {
    await Promise.all(this.#telling.values())
  }

  /** Beside the walk, a few at a time: receivers that hang must not keep bells and expiries waiting. */
  #tell(found: Found<JobRecord>, signal: AbortSignal | undefined): void {
    const { log } = this.#d
    const { id } = found.value
    if (this.#telling.has(id) || this.#telling.size >= CONCURRENCY) return
    const tell = async () => {
      try {
        const told = await notifyEnded(this.#d, found, signal)
        if (parseJob(told).kind === 'job' && isDone(told.value)) await closeJob(this.#d, told.value)
      } catch (error) {
        if (!signal?.aborted) {
          log.warn({ jobId: id, err: error }, 'the news could not be told; the next sweep tries again')
        }
      } finally {
        this.#telling.delete(id)
      }
    }
    this.#telling.set(id, tell())
  }

  async #queued(found: Found<JobRecord>, pass: Pass): Promise<void> {
    const { clock, times, store, log } = this.#d
    const job = found.value
    if (clock.now() - Date.parse(job.createdAt) > times.jobLifeMs) {
      const at = clock.now()
      await store.swap<JobRecord>(
        found,
        (current) => transition(current, { type: 'time-out', at, expiresAt: at + times.retentionMs }),
        (current) => current.status !== 'queued',
      )
      log.warn({ jobId: job.id }, 'the job has waited longer than jobs may live; it is failed')
      return
    }
    const known = this.#waiting.get(job.id)
    const sizes = job.inputs.map((input) => input.sizeBytes)
    await this.#ring(
      {
        job: {
          jobId: job.id,
          tenant: job.tenant,
          createdAt: job.createdAt,
          sizeBytes: sizes.every((size) => size !== undefined) ? sizes.reduce((a, b) => a + b, 0) : undefined,
        },
        // Whoever queued it has just rung: count from its creation when it is seen for the first time.
        rungAtMs:
          known?.rungAtMs ?? clock.monotonicMs() - Math.max(0, clock.now() - Date.parse(job.createdAt)),
        readAtMs: clock.monotonicMs(),
      },
      pass,
    )
  }

  /** Rings if not rung lately and the queue is shallow; at once when the queue holds no bell at all. */
  async #ring(waiting: Waiting, pass: Pass): Promise<void> {
    const { clock, queue, times, log } = this.#d
    const { jobId } = waiting.job
    pass.census.queued.push(waiting.job)
    pass.waiting.set(jobId, waiting)
    if (pass.depth === undefined || pass.depth > SHALLOW) return
    const patience = pass.depth === 0 ? Math.min(RING_AT_ONCE_MS, times.ringAgainMs) : times.ringAgainMs
    if (clock.monotonicMs() - waiting.rungAtMs < patience) return
    try {
      await queue.send({ version: 1, jobId, task: 'main' }, pass.signal)
      waiting.rungAtMs = clock.monotonicMs()
    } catch (error) {
      log.warn({ jobId, reason: messageOf(error) }, 'the bell could not be rung; the next sweep tries again')
    }
  }

  async #running(found: Found<JobRecord>, pass: Pass): Promise<void> {
    const { log, queue, clock } = this.#d
    const job = found.value
    const expiry = await expireLease(this.#d, found, job.lease && pass.workers.get(job.lease.worker))
    if (expiry.outcome !== 'expired') {
      pass.census.running++
      return
    }
    const after = expiry.found.value
    log.warn(
      { jobId: job.id, worker: job.lease?.worker, reason: expiry.reason, status: after.status },
      'the lease of this job has expired',
    )
    if (after.status === 'queued') {
      await queue.send({ version: 1, jobId: job.id, task: 'main' }, pass.signal)
      pass.waiting.set(job.id, {
        job: {
          jobId: job.id,
          tenant: job.tenant,
          createdAt: job.createdAt,
          sizeBytes: job.inputs[0]?.sizeBytes,
        },
        rungAtMs: clock.monotonicMs(),
        readAtMs: clock.monotonicMs(),
      })
    }
  }

  /** A hint whose record never came: before acting on the absence, occupy the place (H4, H5). */
  async #occupy(hint: { readonly tenant: string; readonly jobId: string }): Promise<void> {
    const { clock, store, times, log } = this.#d
    if (clock.now() - (timeOfId(hint.jobId) ?? 0) < times.orphanHintMs) return
    // The submit may have stopped before it put this hint, and a tombstone without one would never be purged.
    await store.putHint(expiryHintKey(clock.now(), 'job', hint.jobId))
    await store.create<JobTombstone>(jobKey(hint.jobId), {
      kind: 'tombstone',
      version: RECORD_VERSION,
      id: hint.jobId,
      tenant: hint.tenant,
      buriedAt: isoTime(clock.now()),
    })
    log.info({ jobId: hint.jobId }, 'a submit that never finished was closed with a tombstone')
  }

  #mustRead(waiting: Waiting, pass: Pass): boolean {
    // An empty queue means that its bell was taken or lost: it is probably running by now.
    if (pass.depth === 0) return true
    const now = this.#d.clock.monotonicMs()
    const waitedMs = Math.max(0, this.#d.clock.now() - Date.parse(waiting.job.createdAt))
    const every = Math.min(REREAD_MOST_MS, Math.max(REREAD_LEAST_MS, waitedMs))
    // While workers are about it may have been taken and lost since; a GET finds that within a lease time.
    return now - waiting.readAtMs >= (pass.workers.size > 0 ? Math.min(every, this.#d.times.leaseMs) : every)
  }
}

interface Pass {
  readonly workers: ReadonlyMap<string, WorkerSighting>
  readonly depth: number | undefined
  readonly census: { queued: QueuedJob[]; running: number; closing: number }
  readonly waiting: Map<string, Waiting>
  readonly signal: AbortSignal | undefined
}
