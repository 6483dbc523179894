import { isoTime } from '#shared/clock.ts'
import { workerKey } from '#shared/jobs/keys.ts'
import { condemnWorker } from '#shared/workers/condemn-worker.ts'
import type { WorkerRecord } from '#shared/workers/worker-record.ts'
import { type CarryOutContext, carryOut } from './carry-out.ts'
import { decide } from './decide.ts'
import type { Driver } from './drivers/driver.ts'
import { giveUp } from './give-up.ts'
import type { MasterLease } from './master-lease.ts'
import type { TakenCensus } from './observer.ts'
import { type FleetPolicy, type Memory, noMemory, type Plan } from './snapshot.ts'

export interface FleetOptions extends CarryOutContext {
  readonly driver: Driver
  readonly lease: MasterLease
  readonly policy: FleetPolicy
}

/** The fleet's round: observe -> decide -> act. Only the holder of the master's lease acts. */
export class Fleet {
  readonly #o: FleetOptions
  #memory: Memory = noMemory

  constructor(options: FleetOptions) {
    this.#o = options
  }

  /**
   * One round on the latest census. Answers the plan that was carried out, or `undefined` when the lease is not
   * ours. Reads in the opposite order to the writes: machines, then the fleet's record, then workers.
   */
  async tick(census: TakenCensus, signal?: AbortSignal): Promise<Plan | undefined> {
    const { driver, lease, observer, policy, clock } = this.#o
    if (!lease.held) {
      this.#memory = noMemory // what was true under another master is no sample of ours
      return undefined
    }
    const machines = await driver.list(signal)
    const fleet = await lease.read(signal)
    if (!fleet) return undefined
    const snapshot = await observer.look({ machines, fleet, census }, this.#memory, signal)
    const plan = decide(snapshot, policy, clock.monotonicMs())
    this.#memory = plan.memory
    this.#tell(plan, census)
    await carryOut(this.#o, plan, signal)
    return plan
  }

  /**
   * Ends every machine of the fleet: each worker is asked to stop, hands its job back, and is killed if it does not
   * go. Rejects with the signal's reason when that takes too long; then the next master tidies up.
   */
  async end(signal: AbortSignal): Promise<void> {
    const { driver, lease, store, clock, log } = this.#o
    for (let round = 0; ; round++) {
      const machines = await driver.list(signal)
      const alive = machines.filter((m) => m.state === 'alive').map((m) => m.id)
      if (alive.length === 0) break
      if (round === 0) log.info({ machines: alive }, 'ending the workers')
      await driver.terminate(alive, signal)
      await clock.sleep(100, signal)
    }
    const fleet = await lease.read(signal)
    for (const id of Object.keys(fleet?.intents ?? {})) {
      const reason = 'the fleet was stopped'
      // Drained, as a rule. One that was killed left a record that says it lives.
      const worker = await store.get<WorkerRecord>(workerKey(id), signal)
      if (worker) await condemnWorker(store, worker, reason, signal)
      await giveUp(this.#o, id, reason, signal)
    }
  }

  #tell(plan: Plan, { census }: TakenCensus): void {
    const { lease, policy, clock } = this.#o
    lease.note({
      at: isoTime(clock.now()),
      queued: census.queued.length,
      running: census.running,
      workers: plan.counts,
      minWorkers: policy.minWorkers,
      maxWorkers: policy.maxWorkers,
      ...(plan.predictedWaitMs !== undefined && {
        predictedWaitSec: Math.round(plan.predictedWaitMs / 100) / 10,
      }),
      reason: plan.reason,
      ...(plan.paused !== undefined && { paused: plan.paused }),
    })
  }
}
