import type { Clock } from '#shared/clock.ts'
import { messageOf } from '#shared/errors.ts'
import { timeOfId } from '#shared/ids.ts'
import { forEachLimited } from '#shared/jobs/for-each-limited.ts'
import { jobKey, OPEN_PREFIX, parseJobHint } from '#shared/jobs/keys.ts'
import { isEnded, type JobRecord, parseJob } from '#shared/jobs/record.ts'
import type { JobTimes } from '#shared/jobs/times.ts'
import type { Log } from '#shared/log.ts'
import type { BellQueue } from '#shared/queue/bell-queue.ts'
import { hintPages } from '#shared/state/hint-pages.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import { readWorkers } from '../../operations/list-workers.ts'
import { listNewJobs } from './list-new-jobs.ts'

export interface Figures {
  readonly open: Readonly<Record<'queued' | 'running' | 'closing', number>>
  readonly oldestQueuedSec: number
  readonly queueDepth: number | undefined
  readonly workers: Readonly<Record<string, number>>
  readonly realtimeFactors: Readonly<Record<string, number>>
  /** Jobs of the whole service that have ended since the last time. */
  readonly ended: readonly EndedJob[]
}

export interface EndedJob {
  readonly status: string
  readonly encodeSec?: number | undefined
  readonly movieSec?: number | undefined
}

export interface FigureDependencies {
  readonly store: StateStore
  readonly queue: BellQueue
  readonly clock: Clock
  readonly log: Log
  readonly times: Pick<JobTimes, 'retentionMs'>
}

// A collection reads no more than so many open jobs, oldest first; those behind them count as queued, which they are.
const MOST_READS = 1_000
const CONCURRENCY = 16
// A job is listed a little after the time in its id, and the clocks of frontends differ.
const OVERLAP_MS = 5 * 60_000
// Whoever asks more seldom misses the jobs that came and went in between; else this would read without bound.
const LONGEST_GAP_MS = 3_600_000

/**
 * Collects what the metrics say about jobs and workers, from the state store, when it is asked for. All of it is of
 * the whole service: every frontend tells the same. Ends of jobs are counted from the first time on.
 */
export class JobFigures {
  readonly #d: FigureDependencies
  /** Jobs whose end is still to be counted, and those that need no more looking at but may be listed again. */
  readonly #pending = new Set<string>()
  readonly #settled = new Set<string>()
  #firstMs: number | undefined
  #lastMs = 0

  constructor(dependencies: FigureDependencies) {
    this.#d = dependencies
  }

  async collect(): Promise<Figures> {
    const { clock, store } = this.#d
    const nowMs = clock.now()
    const hinted = await this.#meet(nowMs)
    const open = { queued: Math.max(0, hinted.size - MOST_READS), running: 0, closing: 0 }
    const over: JobRecord[] = []
    let oldestMs = nowMs
    const gone = [...this.#pending].filter((id) => !hinted.has(id)).slice(0, MOST_READS)
    await forEachLimited([...oldestOf(hinted), ...gone], CONCURRENCY, async (jobId) => {
      const found = await store.get<JobRecord>(jobKey(jobId))
      const job = found && parseJob(found)
      if (!job) return this.#forgetOrphan(jobId, hinted, nowMs)
      if (job.kind !== 'job') return this.#settle(jobId)
      if (hinted.has(jobId)) open[placeOf(job)]++
      if (job.status === 'queued') oldestMs = Math.min(oldestMs, Date.parse(job.createdAt))
      if (isEnded(job.status)) over.push(job)
    })
    this.#lastMs = nowMs
    const oldestQueuedSec = Math.max(0, nowMs - oldestMs) / 1000
    const others = { queueDepth: await this.#depth(), ...(await this.#workers()) }
    // Last of all: what is settled by a collection that then fails would never be counted.
    return { open, oldestQueuedSec, ended: this.#settleEnded(over), ...others }
  }

  /** Takes note of all jobs that are open or came since the last time; answers with the open ones. */
  async #meet(nowMs: number): Promise<ReadonlySet<string>> {
    const { store, times } = this.#d
    // Open ones after new ones: a job that comes in between is met the next time.
    const sinceMs = Math.max(this.#firstMs ?? nowMs, this.#lastMs - OVERLAP_MS, nowMs - LONGEST_GAP_MS)
    const fresh = this.#firstMs === undefined ? [] : await listNewJobs(store, { sinceMs, nowMs, ...times })
    this.#firstMs ??= nowMs
    const hinted = new Set(await this.#openJobs())
    for (const id of [...fresh, ...hinted]) if (!this.#settled.has(id)) this.#pending.add(id)
    for (const id of this.#settled) {
      if (!hinted.has(id) && (timeOfId(id) ?? 0) < sinceMs) this.#settled.delete(id)
    }
    return hinted
  }

  /** The ends among these that no collection has counted yet. */
  #settleEnded(jobs: readonly JobRecord[]): EndedJob[] {
    const news = jobs.filter(({ id }) => this.#pending.has(id))
    for (const { id } of news) this.#settle(id)
    const firstMs = this.#firstMs ?? 0
    return news.filter(({ endedAt = '' }) => Date.parse(endedAt) >= firstMs).map(endOf)
  }

  #settle(jobId: string): void {
    this.#pending.delete(jobId)
    this.#settled.add(jobId)
  }

  /** Hints come before records; one whose record still is not there belongs to a submit that stopped in between. */
  #forgetOrphan(jobId: string, hinted: ReadonlySet<string>, nowMs: number): void {
    if (!hinted.has(jobId) && nowMs - (timeOfId(jobId) ?? 0) > OVERLAP_MS) this.#settle(jobId)
  }

  async #openJobs(): Promise<string[]> {
    const ids: string[] = []
    for await (const page of hintPages(this.#d.store, OPEN_PREFIX)) {
      for (const { key } of page) {
        const hint = parseJobHint(key)
        if (hint) ids.push(hint.jobId)
      }
    }
    return ids
  }

  async #workers() {
    const { records } = await readWorkers(this.#d.store, { limit: 1000 })
    const workers: Record<string, number> = { idle: 0, busy: 0, draining: 0 }
    const realtimeFactors: Record<string, number> = {}
    for (const { id, state, progress } of records) {
      workers[state] = (workers[state] ?? 0) + 1
      if (progress?.realtimeFactor !== undefined) realtimeFactors[id] = progress.realtimeFactor
    }
    return { workers, realtimeFactors }
  }

  #depth(): Promise<number | undefined> {
    return this.#d.queue.depth().catch((error: unknown) => {
      this.#d.log.warn({ reason: messageOf(error) }, 'the queue does not tell its depth')
      return undefined
    })
  }
}

/** Jobs are begun in the order of their times, so what runs or is ending is among the oldest. */
const oldestOf = (ids: ReadonlySet<string>): string[] => [...ids].sort().slice(0, MOST_READS)

function placeOf({ status }: JobRecord): keyof Figures['open'] {
  return status === 'queued' || status === 'running' ? status : 'closing'
}

const endOf = ({ status, result }: JobRecord): EndedJob => ({
  status,
  encodeSec: result?.receipt.encodeSec,
  movieSec: result?.detected?.durationSec,
})
