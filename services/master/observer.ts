import type { Clock } from '#shared/clock.ts'
import type { FleetRecord } from '#shared/fleet/fleet-record.ts'
import { forEachLimited } from '#shared/jobs/for-each-limited.ts'
import { workerKey } from '#shared/jobs/keys.ts'
import type { Census } from '#shared/jobs/sweep.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'
import { parseWorker, type WorkerRecord } from '#shared/workers/worker-record.ts'
import { type WorkerSighting, WorkerWatch } from '#shared/workers/worker-watch.ts'
import type { DriverFailure, LaunchResult, Machine } from './drivers/driver.ts'
import { estimateWorkMs } from './estimate-work.ts'
import type { IntentSight, Memory, Snapshot, WorkerSight } from './snapshot.ts'

const CONCURRENCY = 16
// How much the latest boot counts against those before it.
const BOOT_WEIGHT = 0.3

interface SeenWorker {
  readonly found: Found<WorkerRecord>
  readonly firstSeenMs: number
  readonly idleSinceMs: number | undefined
}

/** A census and when it was taken. */
export interface TakenCensus {
  readonly number: number
  readonly takenAtMs: number
  readonly census: Census
}

/**
 * Puts together what the master decides on. Remembers since when things are as they are, on its own monotonic
 * clock: the wall times in records were written by other machines.
 */
export class Observer {
  readonly #store: StateStore
  readonly #clock: Clock
  readonly #watch: WorkerWatch
  readonly #workMsPerMiB: number
  #workers = new Map<string, SeenWorker>()
  #intents = new Map<string, number>()
  readonly #launchedAt = new Map<string, number>()
  readonly #failures = new Map<string, DriverFailure>()
  #bootMs: number

  constructor(options: {
    readonly store: StateStore
    readonly clock: Clock
    /** Assumed until a boot was measured. */
    readonly bootMs: number
    readonly workMsPerMiB: number
  }) {
    this.#store = options.store
    this.#clock = options.clock
    this.#watch = new WorkerWatch(options)
    this.#bootMs = options.bootMs
    this.#workMsPerMiB = options.workMsPerMiB
  }

  /** The machines must have been listed, and the fleet's record read after that, in this order (H6). */
  async look(
    seen: {
      readonly machines: readonly Machine[]
      readonly fleet: FleetRecord
      readonly census: TakenCensus
    },
    memory: Memory,
    signal?: AbortSignal,
  ): Promise<Snapshot> {
    const sightings = await this.#watch.look(signal)
    const workers = new Map<string, SeenWorker>()
    // A GET only for records that have moved: one LIST has told which.
    await forEachLimited([...sightings.values()], CONCURRENCY, async ({ id, etag }) => {
      const known = this.#workers.get(id)
      const now = this.#clock.monotonicMs()
      if (known?.found.etag === etag) return void workers.set(id, known)
      const found = await this.#store.get<WorkerRecord>(workerKey(id), signal)
      if (!found || parseWorker(found).kind !== 'worker') return
      const idleSinceMs = found.value.state === 'idle' ? (known?.idleSinceMs ?? now) : undefined
      workers.set(id, { found, firstSeenMs: known?.firstSeenMs ?? now, idleSinceMs })
    })
    this.#workers = workers
    this.#learnBoots()
    const now = this.#clock.monotonicMs()
    return {
      census: this.#censusSight(seen.census, now),
      intents: this.#intentSights(seen.fleet, now),
      workers: [...workers].map(([id, worker]) => workerSight(worker, sightings.get(id), now)),
      machines: seen.machines,
      bootMs: this.#bootMs,
      memory,
    }
  }

  /** The workers as they were at most `maxAgeMs` ago; listed again only when no look was so recent. */
  recentWorkers(maxAgeMs: number, signal?: AbortSignal): Promise<ReadonlyMap<string, WorkerSighting>> {
    return this.#watch.recent(maxAgeMs, signal)
  }

  /** The worker's record as it was last seen. */
  found(id: string): Found<WorkerRecord> | undefined {
    return this.#workers.get(id)?.found
  }

  /** What became of launches: the next look tells, and boots are measured from here. */
  noteLaunches(results: readonly LaunchResult[]): void {
    for (const result of results) {
      this.#failures.delete(result.id)
      if (result.outcome === 'failed') this.#failures.set(result.id, result.failure)
      else if (result.outcome === 'launched') this.#launchedAt.set(result.id, this.#clock.monotonicMs())
    }
  }

  #learnBoots(): void {
    for (const [id, launchedAtMs] of this.#launchedAt) {
      const worker = this.#workers.get(id)
      if (!worker) continue
      this.#launchedAt.delete(id)
      const tookMs = worker.firstSeenMs - launchedAtMs
      this.#bootMs += BOOT_WEIGHT * (tookMs - this.#bootMs)
    }
  }

  #censusSight({ number, takenAtMs, census }: TakenCensus, now: number): Snapshot['census'] {
    const wall = this.#clock.now()
    return {
      number,
      ageMs: now - takenAtMs,
      running: census.running,
      queued: [...census.queued]
        .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
        .map((job) => ({
          workMs: estimateWorkMs(job.sizeBytes, this.#workMsPerMiB),
          waitedMs: Math.max(0, wall - Date.parse(job.createdAt)),
        })),
    }
  }

  #intentSights(fleet: FleetRecord, now: number): IntentSight[] {
    const seen = new Map<string, number>()
    for (const id of Object.keys(fleet.intents)) seen.set(id, this.#intents.get(id) ?? now)
    this.#intents = seen
    for (const id of this.#failures.keys()) if (!seen.has(id)) this.#failures.delete(id)
    for (const id of this.#launchedAt.keys()) if (!seen.has(id)) this.#launchedAt.delete(id)
    return Object.entries(fleet.intents).map(([id, { state }]) => {
      const failure = this.#failures.get(id)
      return { id, state, ageMs: now - (seen.get(id) ?? now), ...(failure && { failure }) }
    })
  }
}

function workerSight(seen: SeenWorker, sighting: WorkerSighting | undefined, now: number): WorkerSight {
  const { id, state, progress, static: isStatic } = seen.found.value
  const remainingMs = progress?.etaSec === undefined ? undefined : progress.etaSec * 1000
  return {
    id,
    static: isStatic,
    state,
    ageMs: now - seen.firstSeenMs,
    // A record that was read after the list and is another has moved in between: its worker lives.
    silentMs: sighting?.etag === seen.found.etag ? sighting.unchangedMs : 0,
    idleMs: seen.idleSinceMs === undefined ? 0 : now - seen.idleSinceMs,
    ...(remainingMs !== undefined && { remainingMs }),
  }
}
