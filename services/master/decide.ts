import { breaker } from './breaker.ts'
import { furtherWorkers, predictWaits } from './predict-waits.ts'
import {
  type FleetPolicy,
  isFinalState,
  type Memory,
  type Plan,
  type Snapshot,
  type WorkerSight,
} from './snapshot.ts'
import { type Upkeep, upkeep } from './upkeep.ts'

const CAPACITY_PAUSE_MS = 30_000
const RATE_LIMIT_PAUSE_MS = 15_000

/**
 * Decides what shall be done about the fleet. Pure: the same snapshot, policy and moment give the same plan, for
 * the master and for the simulation alike. `nowMs` is monotonic.
 *
 * - Launches the smallest number of machines that keeps predicted waits under `waitSloMs`, within `maxWorkers`.
 * - Drains only workers that two censuses in a row found surplus, that have been idle for a boot time at least,
 *   and only while nothing waits: one stale sample never shrinks a fleet.
 * - Static workers are capacity; they are never drained.
 */
export function decide(snapshot: Snapshot, policy: FleetPolicy, nowMs: number): Plan {
  const kept = upkeep(snapshot, policy)
  const fleet = countFleet(snapshot, policy, kept)
  const { census } = snapshot
  const pause = pauseOf(snapshot, nowMs)
  const gate = breaker(snapshot, kept.failedBoots, policy, nowMs)

  const room = Math.max(0, policy.maxWorkers - fleet.admittable)
  const shortOfMin = policy.minWorkers - fleet.freeAtMs.length
  const shortOfSlo = furtherWorkers(census.queued, fleet.freeAtMs, {
    bootMs: snapshot.bootMs,
    sloMs: policy.waitSloMs,
    most: room,
  })
  const wanted = Math.min(room, Math.max(0, shortOfMin, shortOfSlo))
  const launch = pause ? 0 : Math.min(wanted, gate.mayLaunch)

  const surplus = wanted > 0 ? [] : surplusWorkers(snapshot, policy, fleet)
  const before = snapshot.memory.surplus
  const seenBefore = before.census < census.number ? before.ids : []
  const drain = surplus.filter((id) => seenBefore.includes(id))
  const memory: Memory = {
    surplus: before.census < census.number ? { census: census.number, ids: surplus } : before,
    breaker: gate.memory,
    ...(pause && { pause }),
  }
  const predicted = Math.max(
    0,
    ...predictWaits(census.queued, [...fleet.freeAtMs, ...Array<number>(launch).fill(snapshot.bootMs)]),
  )
  const paused = wanted > launch ? (pause?.reason ?? gate.paused) : undefined
  const { failedBoots: _, ...rest } = kept
  return {
    ...rest,
    launchAgain: pause ? [] : kept.launchAgain,
    launch,
    drain,
    reason: reasonOf({ launch, drain: drain.length, shortOfMin, room, queued: census.queued.length }),
    resting: isResting(snapshot, policy, fleet),
    counts: fleet.counts,
    memory,
    ...(Number.isFinite(predicted) && { predictedWaitMs: predicted }),
    ...(paused !== undefined && { paused }),
  }
}

interface FleetCount {
  /** For everyone who will take jobs: in how many milliseconds. */
  readonly freeAtMs: readonly number[]
  /** How many of ours are admitted or may still be (I10): as long as their place is not final. */
  readonly admittable: number
  readonly counts: Plan['counts']
}

function countFleet(snapshot: Snapshot, policy: FleetPolicy, kept: Upkeep): FleetCount {
  const lost = new Set([...kept.condemn, ...kept.giveUp].map(({ id }) => id))
  const workers = new Map(snapshot.workers.map((w) => [w.id, w]))
  const isUsable = (w: WorkerSight) =>
    (w.state === 'idle' || w.state === 'busy') && !lost.has(w.id) && w.silentMs < policy.leaseMs
  const usable = snapshot.workers.filter(isUsable)
  const booting = snapshot.intents.filter(({ id }) => !workers.has(id) && !lost.has(id))
  const of = (state: WorkerSight['state']) => usable.filter((w) => w.state === state).length
  const intents = new Set(snapshot.intents.map(({ id }) => id))
  const strays = snapshot.workers.filter((w) => !w.static && !intents.has(w.id) && !isFinalState(w))
  const places = snapshot.intents.filter(({ id }) => {
    const worker = workers.get(id)
    return !worker || !isFinalState(worker)
  })
  return {
    freeAtMs: [
      ...usable.map((w) => (w.state === 'idle' ? 0 : (w.remainingMs ?? policy.unknownRemainingMs))),
      ...booting.map(({ ageMs }) => Math.max(0, snapshot.bootMs - ageMs)),
    ],
    admittable: places.length + strays.length,
    counts: {
      idle: of('idle'),
      busy: of('busy'),
      draining: snapshot.workers.filter((w) => w.state === 'draining').length,
      booting: booting.length,
      static: usable.filter((w) => w.static).length,
    },
  }
}

/** Those that could go now, the longest idle first. Never more than leave `minWorkers`. */
function surplusWorkers(snapshot: Snapshot, policy: FleetPolicy, fleet: FleetCount): string[] {
  const { census } = snapshot
  if (census.ageMs > policy.staleCensusMs) return []
  const up = new Set(snapshot.intents.filter((i) => i.state === 'up').map(({ id }) => id))
  const idle = snapshot.workers
    .filter((w) => w.state === 'idle' && up.has(w.id) && w.silentMs < policy.leaseMs)
    .sort((a, b) => b.idleMs - a.idleMs)
  const keepMs = Math.max(policy.keepIdleMs, snapshot.bootMs)
  const overMax = Math.max(0, fleet.admittable - policy.maxWorkers)
  const overMin = Math.max(0, fleet.freeAtMs.length - policy.minWorkers)
  const rested = census.queued.length > 0 ? 0 : idle.filter((w) => w.idleMs >= keepMs).length
  return idle.slice(0, Math.max(overMax, Math.min(rested, overMin))).map(({ id }) => id)
}

/** Every intent has its working worker, and there are no more of them than shall stay. */
function isResting(snapshot: Snapshot, policy: FleetPolicy, fleet: FleetCount): boolean {
  const { idle, static: fixed } = fleet.counts
  const own = snapshot.intents.length
  return (
    snapshot.census.queued.length + snapshot.census.running === 0 &&
    idle === fleet.freeAtMs.length &&
    own === idle - fixed &&
    snapshot.machines.length === own &&
    idle >= policy.minWorkers &&
    (idle === policy.minWorkers || own === 0)
  )
}

/** How long the provider must be left alone: from a failure in this look, or still from an earlier one. */
function pauseOf(snapshot: Snapshot, nowMs: number): Memory['pause'] {
  for (const { failure } of snapshot.intents) {
    if (failure?.kind === 'capacity') {
      return { untilMs: nowMs + CAPACITY_PAUSE_MS, reason: `the provider has no room (${failure.reason})` }
    }
    if (failure?.kind === 'rate-limit') {
      return { untilMs: nowMs + RATE_LIMIT_PAUSE_MS, reason: `asked to slow down (${failure.reason})` }
    }
  }
  const { pause } = snapshot.memory
  return pause && nowMs < pause.untilMs ? pause : undefined
}

function reasonOf(facts: {
  launch: number
  drain: number
  shortOfMin: number
  room: number
  queued: number
}): string {
  if (facts.launch > 0 && facts.shortOfMin >= facts.launch) return 'Fewer workers than the minimum.'
  if (facts.launch > 0) return `${facts.queued} queued; waits would exceed the goal without more workers.`
  if (facts.drain > 0) return 'Nothing waits, and workers have been idle for long enough.'
  if (facts.queued > 0 && facts.room === 0) return `${facts.queued} queued; the fleet is at its maximum.`
  return facts.queued > 0 ? `${facts.queued} queued; the workers will be in time.` : 'Nothing waits.'
}
