import type { DriverFailure, Machine } from './drivers/driver.ts'

/** What one look at the world showed. Ages are milliseconds on the observer's own monotonic clock. */
export interface Snapshot {
  readonly census: CensusSight
  readonly intents: readonly IntentSight[]
  readonly workers: readonly WorkerSight[]
  readonly machines: readonly Machine[]
  /** How long a machine takes from its launch to its registration, measured or assumed. */
  readonly bootMs: number
  readonly memory: Memory
}

/** The queue as the latest sweep saw it. */
export interface CensusSight {
  /** Grows with each sweep: two looks at one census are one sample. */
  readonly number: number
  readonly ageMs: number
  /** Oldest first. */
  readonly queued: readonly { readonly workMs: number; readonly waitedMs: number }[]
  readonly running: number
}

export interface IntentSight {
  readonly id: string
  readonly state: 'planned' | 'up'
  readonly ageMs: number
  /** Why the latest launch did not succeed. */
  readonly failure?: DriverFailure
}

export interface WorkerSight {
  readonly id: string
  readonly static: boolean
  readonly state: 'idle' | 'busy' | 'draining' | 'drained' | 'condemned'
  /** Since it was first seen. */
  readonly ageMs: number
  /** For how long its record has not changed. */
  readonly silentMs: number
  /** For how long it has been seen idle without a break; 0 when it is not. */
  readonly idleMs: number
  /** What is left of its job by its own estimate. */
  readonly remainingMs?: number
}

export const isFinalState = (worker: WorkerSight): boolean =>
  worker.state === 'drained' || worker.state === 'condemned'

/** What `decide` must remember from one look to the next. A new master begins with {@link noMemory}. */
export interface Memory {
  /** Workers that an earlier census found surplus, and the number of that census. */
  readonly surplus: { readonly census: number; readonly ids: readonly string[] }
  readonly breaker: BreakerMemory
  /** No launches before this moment: the provider had no room or asked to slow down. */
  readonly pause?: { readonly untilMs: number; readonly reason: string }
}

export interface BreakerMemory {
  /** Boots that failed since the last one that succeeded. */
  readonly failures: number
  readonly openUntilMs?: number
  readonly lastReason?: string
  /** Intents of which it is not known yet whether their boot succeeds. */
  readonly unproven: readonly string[]
}

export const noMemory: Memory = {
  surplus: { census: 0, ids: [] },
  breaker: { failures: 0, unproven: [] },
}

/** How the fleet shall be. Times in milliseconds. */
export interface FleetPolicy {
  readonly minWorkers: number
  readonly maxWorkers: number
  /** A job should not wait longer than this from its submit to its start. */
  readonly waitSloMs: number
  /** How long a worker may be idle before it is surplus; one boot time, if that is longer. */
  readonly keepIdleMs: number
  /** A record that has not changed for so long is a dead worker's. */
  readonly leaseMs: number
  /** A machine whose worker has not registered after this is given up. */
  readonly bootDeadlineMs: number
  /** A boot has succeeded when its worker has lived so long. */
  readonly provenMs: number
  /** Final records are deleted after this, static silent ones condemned. */
  readonly keepRecordsMs: number
  /** An older census is no reason to shrink the fleet. */
  readonly staleCensusMs: number
  /** What is assumed to be left of a job whose worker gives no estimate. */
  readonly unknownRemainingMs: number
}

export interface Named {
  readonly id: string
  readonly reason: string
}

/** What shall be done, and why. */
export interface Plan {
  /** How many new intents to commit, and to launch then. */
  readonly launch: number
  /** Planned, and not seen yet: launched once more, by the same token. */
  readonly launchAgain: readonly string[]
  /** Planned, and seen. */
  readonly adopt: readonly string[]
  /** Alive by their records, but not in truth. */
  readonly condemn: readonly Named[]
  /** Intents whose life is over, or never began. */
  readonly giveUp: readonly Named[]
  readonly drain: readonly string[]
  /** Machines of ours without an intent. */
  readonly reap: readonly string[]
  /** Worker records whose time is over. */
  readonly forget: readonly string[]
  readonly predictedWaitMs?: number
  readonly reason: string
  readonly paused?: string
  /** Nothing is under way and nothing is to be done: look less often. */
  readonly resting: boolean
  readonly counts: {
    readonly idle: number
    readonly busy: number
    readonly draining: number
    readonly booting: number
    readonly static: number
  }
  readonly memory: Memory
}
