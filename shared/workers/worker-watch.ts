import type { Clock } from '#shared/clock.ts'
import { WORKERS_PREFIX } from '#shared/jobs/keys.ts'
import { hintPages } from '#shared/state/hint-pages.ts'
import type { StateStore } from '#shared/state/state-store.ts'

/** What one observer knows of one worker: since when its record has not changed, on the observer's own clock. */
export interface WorkerSighting {
  readonly id: string
  readonly etag: string
  /** Milliseconds for which this ETag has been seen, by the monotonic clock; 0 when it was first seen just now. */
  readonly unchangedMs: number
}

/**
 * Watches all workers by one LIST of `w/`: the ETags say who still moves, without a GET a worker. An observer
 * that just started has seen everything for 0 ms, so it expires nobody on a stale sample.
 */
export class WorkerWatch {
  readonly #store: StateStore
  readonly #clock: Clock
  #seen = new Map<string, { etag: string; sinceMs: number }>()
  #last: { readonly atMs: number; readonly sightings: ReadonlyMap<string, WorkerSighting> } | undefined

  constructor(options: { readonly store: StateStore; readonly clock: Clock }) {
    this.#store = options.store
    this.#clock = options.clock
  }

  /**
   * Lists once and returns what is known by that. The list was made at some moment between question and answer, and
   * whoever asks may stand still for long in between: silence counts from an answer, and only to a question.
   */
  async look(signal?: AbortSignal): Promise<ReadonlyMap<string, WorkerSighting>> {
    const askedMs = this.#clock.monotonicMs()
    const hints = (await Array.fromAsync(hintPages(this.#store, WORKERS_PREFIX, { signal }))).flat()
    const answeredMs = this.#clock.monotonicMs()
    const seen = new Map<string, { etag: string; sinceMs: number }>()
    for (const { key, etag } of hints) {
      const before = this.#seen.get(key)
      seen.set(key, before?.etag === etag ? before : { etag, sinceMs: answeredMs })
    }
    this.#seen = seen
    const sightings = new Map(
      [...seen].map(([key, { etag, sinceMs }]) => {
        const id = idOf(key)
        return [id, { id, etag, unchangedMs: Math.max(0, askedMs - sinceMs) }]
      }),
    )
    this.#last = { atMs: askedMs, sightings }
    return sightings
  }

  /**
   * What the last look found if that is at most `maxAgeMs` ago, else a new look. An older sighting makes nobody dead:
   * it counts for less silence, and for none when the record has moved since.
   */
  async recent(maxAgeMs: number, signal?: AbortSignal): Promise<ReadonlyMap<string, WorkerSighting>> {
    const last = this.#last
    if (last && this.#clock.monotonicMs() - last.atMs <= maxAgeMs) return last.sightings
    return this.look(signal)
  }
}

const idOf = (key: string): string => key.slice(WORKERS_PREFIX.length, -'.json'.length)
