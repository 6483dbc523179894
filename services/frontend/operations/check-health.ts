import type { Clock } from '#shared/clock.ts'
import { messageOf } from '#shared/errors.ts'
import type { Log } from '#shared/log.ts'
import type { BellQueue } from '#shared/queue/bell-queue.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import type { MediaStore } from '#shared/storage/media-store.ts'
import type { Health } from '../shapes/health.ts'
import { readWorkers } from './list-workers.ts'

const CACHE_MS = 2_000
const PATIENCE_MS = 3_000

export interface HealthDependencies {
  readonly store: StateStore
  readonly media: MediaStore
  readonly queue: BellQueue
  readonly clock: Clock
  readonly log: Log
}

/**
 * Asks each dependency whether it answers. One asking serves everyone for two seconds, so that health checks are
 * no load. Not ready without the stores; without the queue jobs are still accepted (the sweep rings later), so
 * that is `degraded` only.
 */
export class HealthCheck {
  readonly #d: HealthDependencies
  #cached: { readonly health: Promise<Health>; readonly untilMs: number } | undefined

  constructor(dependencies: HealthDependencies) {
    this.#d = dependencies
  }

  check(): Promise<Health> {
    const now = this.#d.clock.monotonicMs()
    if (!this.#cached || this.#cached.untilMs <= now) {
      this.#cached = { health: this.#ask(), untilMs: now + CACHE_MS }
    }
    return this.#cached.health
  }

  async #ask(): Promise<Health> {
    const { store, media, queue } = this.#d
    const jails: Record<string, number> = {}
    const [state, movies, bells, workers] = await Promise.all([
      this.#probe('state-store', (signal) => store.listHints('fleet/', { limit: 1, signal })),
      this.#probe('media-store', (signal) => media.ping(signal)),
      this.#probe('queue', (signal) => queue.depth(signal)),
      this.#probe('workers', async () => {
        const { records } = await readWorkers(store, { limit: 200 })
        for (const { jail = 'unknown' } of records) jails[jail] = (jails[jail] ?? 0) + 1
      }),
    ])
    const ready = state.status === 'ok' && movies.status === 'ok'
    const degraded = bells.status !== 'ok' || workers.status !== 'ok'
    return {
      status: ready ? (degraded ? 'degraded' : 'ok') : 'unavailable',
      dependencies: [state, movies, bells],
      jails,
    }
  }

  async #probe(
    name: string,
    ask: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<Health['dependencies'][number]> {
    const { clock, log } = this.#d
    const startMs = clock.monotonicMs()
    const stop = new AbortController()
    try {
      // Not every probe looks at its signal, so the answer does not wait for those that hang.
      await Promise.race([
        ask(stop.signal),
        clock.sleep(PATIENCE_MS, stop.signal).then(() => {
          throw new Error(`no answer within ${PATIENCE_MS / 1000} s`)
        }),
      ])
      return { name, status: 'ok', latencyMs: Math.round(clock.monotonicMs() - startMs) }
    } catch (error) {
      log.warn({ dependency: name, reason: messageOf(error) }, 'a dependency does not answer')
      return { name, status: 'unavailable' }
    } finally {
      stop.abort(new Error('the probe is over'))
    }
  }
}
