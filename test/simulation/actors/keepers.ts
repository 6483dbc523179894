import { newId } from '#shared/ids.ts'
import { retain } from '#shared/jobs/retention.ts'
import { Sweep } from '#shared/jobs/sweep.ts'
import { Fleet } from '../../../services/master/fleet.ts'
import { Master } from '../../../services/master/master.ts'
import { MasterLease } from '../../../services/master/master-lease.ts'
import { Observer } from '../../../services/master/observer.ts'
import type { Actor } from '../engine/actor.ts'
import type { Scene } from '../scene.ts'

const SWEEP_EVERY_MS = 7_000
const never = new AbortController().signal

/** Starts those who keep order: whole masters, or sweeps alone where a run has no fleet. All start again. */
export class Keepers {
  readonly #scene: Scene
  #isOver = false
  #count = 0

  constructor(scene: Scene) {
    this.#scene = scene
  }

  end(): void {
    this.#isOver = true
  }

  startSweeper(afterMs: number): void {
    this.#start('sweeper', afterMs, (actor) => this.#sweep(actor))
  }

  startMaster(afterMs: number): void {
    this.#start('master', afterMs, (actor) => this.#lead(actor))
  }

  #start(kind: string, afterMs: number, live: (actor: Actor) => Promise<void>): void {
    const { scheduler, chance } = this.#scene
    scheduler.after(afterMs, undefined, () => {
      if (this.#isOver) return
      const actor = this.#scene.actor(`${kind} ${++this.#count}`)
      actor.onDeath(() => this.#start(kind, chance.between(500, 20_000), live))
      live(actor).catch((error: unknown) => {
        this.#scene.ledger.violation ??= `defect: ${actor.name} ended: ${String(error)}`
      })
    })
  }

  async #sweep(actor: Actor): Promise<void> {
    const tools = this.#scene.equip(actor)
    const sweep = new Sweep(tools)
    let nextTidyMs = 0
    for (;;) {
      try {
        await sweep.pass()
        if (actor.clock.monotonicMs() >= nextTidyMs) {
          nextTidyMs = actor.clock.monotonicMs() + 30_000
          await retain(tools)
        }
      } catch (error) {
        tools.log.warn({ err: error }, 'a pass failed')
      }
      await actor.clock.sleep(SWEEP_EVERY_MS)
    }
  }

  async #lead(actor: Actor): Promise<void> {
    const { profile, times } = this.#scene
    const tools = this.#scene.equip(actor)
    const { store, queue, clock, log } = tools
    const driver = this.#scene.driverFor(actor)
    const masterId = newId('mst', clock.now())
    actor.say(() => `starts as ${masterId}`)
    const lease = new MasterLease({
      store,
      clock,
      log,
      masterId,
      times: { renewMs: 10_000, takeOverMs: 30_000 },
    })
    const observer = new Observer({ store, clock, bootMs: 5_000, workMsPerMiB: 500 })
    const fleet = new Fleet({
      store,
      clock,
      log,
      driver,
      lease,
      observer,
      policy: {
        minWorkers: 0,
        maxWorkers: profile.maxWorkers,
        waitSloMs: 20_000,
        keepIdleMs: 20_000,
        leaseMs: times.leaseMs,
        bootDeadlineMs: 45_000,
        provenMs: 30_000,
        // Longer than any write is late, as an hour is: else the registration of a machine long dead finds its place
        // free.
        keepRecordsMs: 150_000,
        staleCensusMs: 30_000,
        unknownRemainingMs: 30_000,
      },
      onLoss: () => master.wakeSweep(),
    })
    const master: Master = new Master({
      sweep: new Sweep({ ...tools, lookAtWorkers: (signal) => observer.recentWorkers(5_000, signal) }),
      tidy: (signal) => retain(tools, signal),
      queue,
      fleet,
      lease,
      driver,
      clock,
      log,
      times: { busyMs: 8_000, idleMs: 20_000, tidyMs: 40_000, leaseMs: 5_000 },
    })
    await master.run(never)
  }
}
