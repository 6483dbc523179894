import type { Clock } from '#shared/clock.ts'
import { messageOf } from '#shared/errors.ts'
import { forEachLimited } from '#shared/jobs/for-each-limited.ts'
import { jobKey, OPEN_PREFIX, parseJobHint } from '#shared/jobs/keys.ts'
import { isEnded, type JobRecord, parseJob } from '#shared/jobs/record.ts'
import type { Log } from '#shared/log.ts'
import type { BellQueue } from '#shared/queue/bell-queue.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import { readWorkers } from '../../operations/list-workers.ts'

export interface Figures {
  readonly open: Readonly<Record<'queued' | 'running' | 'closing', number>>
  readonly oldestQueuedSec: number
  readonly queueDepth: number | undefined
  readonly workers: Readonly<Record<string, number>>
  readonly realtimeFactors: Readonly<Record<string, number>>
  /** Of the jobs that this process accepted: those that have ended since the last time. */
  readonly ended: readonly {
    readonly status: string
    readonly encodeSec?: number | undefined
    readonly movieSec?: number | undefined
  }[]
}

// A scrape reads no more than so many jobs; with more open, the rest counts as queued.
const MOST_READS = 1_000
const MOST_REMEMBERED = 10_000
const CONCURRENCY = 16

/** Collects what the metrics say about jobs and workers, from the state store, when it is asked for. */
export class JobFigures {
  readonly #d: {
    readonly store: StateStore
    readonly queue: BellQueue
    readonly clock: Clock
    readonly log: Log
  }
  // Each process counts the endings of the jobs that it accepted, so that several frontends add up.
  readonly #accepted = new Set<string>()

  constructor(dependencies: { store: StateStore; queue: BellQueue; clock: Clock; log: Log }) {
    this.#d = dependencies
  }

  /** Remembers a job whose end is to be counted. */
  accepted(jobId: string): void {
    if (this.#accepted.size < MOST_REMEMBERED) this.#accepted.add(jobId)
  }

  async collect(): Promise<Figures> {
    const { store, queue, clock, log } = this.#d
    const open = { queued: 0, running: 0, closing: 0 }
    let oldestMs = clock.now()
    const hinted = await this.#openJobs()
    const ended: Figures['ended'][number][] = []
    const ids = [...new Set([...hinted.slice(0, MOST_READS), ...this.#accepted])]
    const shown = new Set(hinted)
    await forEachLimited(ids, CONCURRENCY, async (jobId) => {
      const found = await store.get<JobRecord>(jobKey(jobId))
      const job = found && parseJob(found)
      if (job?.kind !== 'job') return void this.#accepted.delete(jobId)
      if (job.status === 'queued') oldestMs = Math.min(oldestMs, Date.parse(job.createdAt))
      if (shown.has(jobId)) open[isEnded(job.status) ? 'closing' : (job.status as 'queued' | 'running')]++
      if (isEnded(job.status) && this.#accepted.delete(jobId)) {
        const { result } = job
        ended.push({
          status: job.status,
          encodeSec: result?.receipt.encodeSec,
          movieSec: result?.detected?.durationSec,
        })
      }
    })
    open.queued += Math.max(0, hinted.length - MOST_READS)
    const { records } = await readWorkers(store, { limit: 1000 })
    const workers: Record<string, number> = { idle: 0, busy: 0, draining: 0 }
    const realtimeFactors: Record<string, number> = {}
    for (const { id, state, progress } of records) {
      workers[state] = (workers[state] ?? 0) + 1
      if (progress?.realtimeFactor !== undefined) realtimeFactors[id] = progress.realtimeFactor
    }
    const queueDepth = await queue.depth().catch((error: unknown) => {
      log.warn({ reason: messageOf(error) }, 'the queue does not tell its depth')
      return undefined
    })
    const oldestQueuedSec = Math.max(0, clock.now() - oldestMs) / 1000
    return { open, oldestQueuedSec, queueDepth, workers, realtimeFactors, ended }
  }

  async #openJobs(): Promise<string[]> {
    const ids: string[] = []
    let after: string | undefined
    do {
      const page = await this.#d.store.listHints(OPEN_PREFIX, after === undefined ? {} : { after })
      for (const { key } of page.hints) {
        const hint = parseJobHint(key)
        if (hint) ids.push(hint.jobId)
      }
      after = page.next
    } while (after !== undefined)
    return ids
  }
}
