import type { Clock } from '#shared/clock.ts'
import { messageOf } from '#shared/errors.ts'
import type { Sweep } from '#shared/jobs/sweep.ts'
import type { Log } from '#shared/log.ts'
import type { BellQueue } from '#shared/queue/bell-queue.ts'
import type { Driver } from './drivers/driver.ts'
import type { Fleet } from './fleet.ts'
import { Loop } from './loop.ts'
import type { MasterLease } from './master-lease.ts'
import type { TakenCensus } from './observer.ts'

export interface MasterOptions {
  readonly sweep: Pick<Sweep, 'pass'>
  /** Retention: what has outlived its time goes. */
  readonly tidy: (signal: AbortSignal) => Promise<void>
  readonly queue: Pick<BellQueue, 'depth'>
  readonly fleet: Fleet
  readonly lease: MasterLease
  readonly driver: Driver
  readonly clock: Clock
  readonly log: Log
  readonly times: LoopTimes
}

/** How often the master looks, in milliseconds. */
export interface LoopTimes {
  /** While jobs are queued or running. */
  readonly busyMs: number
  /** While nothing is: S3 asks for money for each look. */
  readonly idleMs: number
  readonly tidyMs: number
  /** How often the lease is tended; some times in each `renewMs` and `takeOverMs`. */
  readonly leaseMs: number
}

// After an act whose effect the next look must see; also the least pause between two rounds of the fleet.
const AGAIN_MS = 500

/**
 * The master: four loops side by side, so that a slow webhook keeps no worker waiting and a slow provider no
 * lease. Every master sweeps, since any number of sweeps may run at once; the fleet is its lease holder's alone.
 */
export class Master {
  readonly #o: MasterOptions
  readonly #lease: Loop
  readonly #sweep: Loop
  readonly #fleet: Loop
  readonly #tidy: Loop
  #census: TakenCensus | undefined
  /** Whether jobs were open in the last pass, and whether the fleet is as it shall stay. */
  #hasWork = true
  #isResting = false

  constructor(options: MasterOptions) {
    this.#o = options
    const { clock, log } = options
    const loop = (name: string, round: (signal: AbortSignal) => Promise<number>) =>
      new Loop({ name, clock, log, round })
    this.#lease = loop('lease', (signal) => this.#tendLease(signal))
    this.#sweep = loop('sweep', (signal) => this.#sweepOnce(signal))
    this.#fleet = loop('fleet', (signal) => this.#tendFleet(signal))
    this.#tidy = loop('tidy', (signal) => this.#tidyOnce(signal))
    options.driver.onExit(() => this.#fleet.wake())
  }

  /** Sweeps at once: somebody knows of a job that can go on. */
  wakeSweep(): void {
    this.#hasWork = true
    this.#sweep.wake()
  }

  /** Runs until the signal is aborted and every round under way has ended. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#lease, this.#sweep, this.#fleet, this.#tidy].map((loop) => loop.run(signal)))
  }

  async #tendLease(signal: AbortSignal): Promise<number> {
    const { lease, times } = this.#o
    const had = lease.held
    await lease.tend(signal)
    if (!had && lease.held) this.#fleet.wake()
    return times.leaseMs
  }

  async #sweepOnce(signal: AbortSignal): Promise<number> {
    const { sweep, clock, times } = this.#o
    if (!(await this.#isDue(signal))) return times.busyMs
    const takenAtMs = clock.monotonicMs()
    const census = await sweep.pass(signal)
    const before = this.#census
    this.#census = { number: (before?.number ?? 0) + 1, takenAtMs, census }
    this.#hasWork = census.queued.length + census.running > 0
    if (!before || census.queued.length > before.census.queued.length) this.#fleet.wake()
    return times.busyMs
  }

  /** While nothing is open the queue's depth, which costs next to nothing, says whether to look before it is time. */
  async #isDue(signal: AbortSignal): Promise<boolean> {
    const { queue, clock, log, times } = this.#o
    if (!this.#census || this.#hasWork || !this.#isResting) return true
    if (clock.monotonicMs() - this.#census.takenAtMs >= times.idleMs) return true
    try {
      return (await queue.depth(signal)) > 0
    } catch (error) {
      signal.throwIfAborted()
      log.warn({ reason: messageOf(error) }, 'the queue does not tell its depth')
      return false
    }
  }

  async #tendFleet(signal: AbortSignal): Promise<number> {
    const { fleet, times } = this.#o
    if (!this.#census) return times.busyMs // the first sweep wakes us
    const plan = await fleet.tick(this.#census, signal)
    this.#isResting = plan?.resting ?? true
    if (!plan) return times.busyMs
    if (plan.condemn.length + plan.giveUp.length + plan.reap.length > 0) return AGAIN_MS
    return plan.resting && !this.#hasWork ? times.idleMs : times.busyMs
  }

  async #tidyOnce(signal: AbortSignal): Promise<number> {
    await this.#o.tidy(signal)
    return this.#o.times.tidyMs
  }
}
