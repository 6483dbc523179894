import type { Clock } from '#shared/clock.ts'
import { messageOf } from '#shared/errors.ts'
import { jobKey, workerKey } from '#shared/jobs/keys.ts'
import { isDone, isEnded, type JobRecord, parseJob } from '#shared/jobs/record.ts'
import type { Log } from '#shared/log.ts'
import type { Found, Stamp, StateStore } from '#shared/state/state-store.ts'
import { parseWorker, type WorkerRecord } from '#shared/workers/worker-record.ts'
import { lookAgainMs } from './look-again.ts'
import type { SeenJob } from './present-job.ts'

interface Watched {
  readonly listeners: Set<() => void>
  readonly stop: AbortController
  /** The latest; `'gone'` when the job was deleted; `undefined` before the first look. */
  seen: SeenJob | 'gone' | undefined
  /** When the worker's record was read last, on the monotonic clock. */
  workerReadMs: number
}

/**
 * Follows jobs for any number of viewers: one poller per watched job, however many watch it, and none when
 * nobody does. A poll reads the job if it has changed and, while it runs, twice in a heartbeat, its worker.
 */
export class JobWatch {
  readonly #store: StateStore
  readonly #clock: Clock
  readonly #log: Log
  readonly #pollMs: number
  readonly #heartbeatMs: number
  readonly #watched = new Map<string, Watched>()

  constructor(options: {
    readonly store: StateStore
    readonly clock: Clock
    readonly log: Log
    readonly pollMs: number
    /** How often a worker tells its progress. */
    readonly heartbeatMs: number
  }) {
    this.#store = options.store
    this.#clock = options.clock
    this.#log = options.log
    this.#pollMs = options.pollMs
    this.#heartbeatMs = options.heartbeatMs
  }

  /** How many jobs are being polled. */
  get size(): number {
    return this.#watched.size
  }

  /**
   * The job now, and again each time that it or its progress has changed, until it is done, deleted, or `signal`
   * is aborted (which ends it without an error). Slow readers skip what is no longer true. The caller has checked
   * that the job is its tenant's.
   */
  async *follow(jobId: string, signal: AbortSignal): AsyncGenerator<SeenJob> {
    const watched = this.#join(jobId)
    let wake = () => {}
    const listener = () => wake()
    watched.listeners.add(listener)
    signal.addEventListener('abort', listener)
    try {
      for (let last: SeenJob | undefined; ; ) {
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        if (signal.aborted || watched.seen === 'gone') return
        if (watched.seen && watched.seen !== last) {
          last = watched.seen
          yield last
          if (isDone(last.found.value)) return
        } else await promise
      }
    } finally {
      signal.removeEventListener('abort', listener)
      watched.listeners.delete(listener)
      if (watched.listeners.size === 0) this.#leave(jobId, watched)
    }
  }

  #join(jobId: string): Watched {
    const existing = this.#watched.get(jobId)
    if (existing) return existing
    const watched: Watched = {
      listeners: new Set(),
      stop: new AbortController(),
      seen: undefined,
      workerReadMs: Number.NEGATIVE_INFINITY,
    }
    this.#watched.set(jobId, watched)
    void this.#poll(jobId, watched)
    return watched
  }

  #leave(jobId: string, watched: Watched): void {
    watched.stop.abort(new Error('nobody watches the job any more'))
    if (this.#watched.get(jobId) === watched) this.#watched.delete(jobId)
  }

  /** Looks until nobody watches or there is nothing more to see. Never rejects. */
  async #poll(jobId: string, watched: Watched): Promise<void> {
    const { signal } = watched.stop
    while (!signal.aborted) {
      try {
        const seen = await this.#look(jobId, watched, signal)
        if (seen !== watched.seen) {
          watched.seen = seen
          for (const listener of watched.listeners) listener()
        }
        if (seen === 'gone' || isDone(seen.found.value)) return
        const pauseMs = lookAgainMs(seen, { pollMs: this.#pollMs, nowMs: this.#clock.now() })
        await this.#clock.sleep(pauseMs, signal)
      } catch (error) {
        if (signal.aborted) return
        this.#log.warn(
          { jobId, reason: messageOf(error) },
          'a watched job could not be read; it is tried again',
        )
        await this.#clock.sleep(this.#pollMs, signal).catch(() => undefined) // aborted: the loop ends
      }
    }
  }

  /** The same object when nothing has changed. */
  async #look(jobId: string, watched: Watched, signal: AbortSignal): Promise<SeenJob | 'gone'> {
    const before = watched.seen === 'gone' ? undefined : watched.seen
    const job = before
      ? await this.#store.getIfChanged<JobRecord>(jobKey(jobId), before.found.etag, signal)
      : await this.#store.get<JobRecord>(jobKey(jobId), signal)
    const now = this.#clock.monotonicMs()
    if (before && job === 'unchanged' && now - watched.workerReadMs < this.#heartbeatMs / 2) return before
    const found = job === 'unchanged' ? before?.found : job
    if (!found || parseJob(found).kind !== 'job') return 'gone'
    watched.workerReadMs = now
    const worker = await this.#worker(found, signal)
    if (before && job === 'unchanged' && worker?.writeId === before.worker?.writeId) return before
    return worker ? { found, worker } : { found }
  }

  async #worker(found: Found<JobRecord>, signal: AbortSignal): Promise<(WorkerRecord & Stamp) | undefined> {
    const { lease, status } = found.value
    if (!lease || isEnded(status)) return undefined
    const worker = await this.#store.get<WorkerRecord>(workerKey(lease.worker), signal)
    return worker && parseWorker(worker).kind === 'worker' ? worker.value : undefined
  }
}
