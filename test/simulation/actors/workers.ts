import { hasCode } from '#shared/errors.ts'
import { newId, newSecret } from '#shared/ids.ts'
import { Sweep } from '#shared/jobs/sweep.ts'
import { Registration } from '../../../services/worker/registration.ts'
import { runWorker } from '../../../services/worker/run-worker.ts'
import type { Actor } from '../engine/actor.ts'
import type { Scene } from '../scene.ts'
import { disk } from '../world/memory-disk.ts'
import { fakeEngine } from './fake-engine.ts'

const MASTER_GONE_MS = 120_000

export interface SimulatedWorker {
  readonly id: string
  readonly actor: Actor
  readonly isStatic: boolean
  /** SIGTERM, or a spot notice. */
  interrupt(): void
}

/** Starts worker processes: static ones, which a supervisor starts again, and those on machines of the driver. */
export class Workers {
  readonly alive = new Map<string, SimulatedWorker>()
  readonly #scene: Scene
  #isOver = false
  #count = 0

  constructor(scene: Scene) {
    this.#scene = scene
    scene.startMachine = (id) => this.#startMachine(id)
    scene.terminateMachine = (id) => this.#terminate(id)
  }

  /** From here on nobody is started again. */
  end(): void {
    this.#isOver = true
  }

  startStatic(afterMs: number): void {
    const { scheduler, chance } = this.#scene
    scheduler.after(afterMs, undefined, () => {
      if (this.#isOver) return
      const actor = this.#scene.actor(`worker s${++this.#count}`)
      const id = newId('wrk', actor.clock.now())
      const worker = this.#start(id, actor, true)
      actor.onDeath(() => this.startStatic(chance.between(500, 20_000)))
      this.alive.set(id, worker)
    })
  }

  #startMachine(id: string): void {
    const { scheduler, chance } = this.#scene
    const actor = this.#scene.actor(`worker m${++this.#count}`)
    actor.say(() => `its machine starts as ${id}`)
    actor.onDeath(() => this.#scene.driver.die(id, chance.is(0.6)))
    scheduler.after(chance.between(500, 15_000), actor, () => {
      this.alive.set(id, this.#start(id, actor, false))
    })
    const gone = { id, actor, isStatic: false, interrupt: () => actor.die() } // before it has booted
    this.alive.set(id, gone)
  }

  /** Graceful, then forceful; sometimes the grace is over at once. */
  #terminate(id: string): void {
    const { scheduler, chance } = this.#scene
    const worker = this.alive.get(id)
    if (!worker) return
    worker.actor.say(() => 'its machine is TERMINATED')
    if (!chance.is(0.5)) worker.interrupt()
    scheduler.after(chance.pick([0, 2_000, 20_000]), undefined, () => worker.actor.die())
  }

  #start(id: string, actor: Actor, isStatic: boolean): SimulatedWorker {
    const interrupted = new AbortController()
    actor.onDeath(() => {
      this.alive.delete(id)
    })
    actor.say(() => `starts as ${id}`)
    this.#live(id, actor, isStatic, interrupted.signal).then(
      () => {
        actor.say(() => 'exits')
        const left = disk.below(actor.name)
        if (left.length > 0) this.#violated(`${actor.name} left files behind: ${left.join(' ')}`)
        actor.die()
      },
      (error: unknown) => {
        actor.say(() => `exits with an error: ${String(error)}`)
        // A place that is taken is how admission works; a store that is away ends a process, too.
        if (!hasCode(error, 'conflict', 'store-unavailable')) this.#violated(`defect: ${String(error)}`)
        actor.die()
      },
    )
    const { scheduler } = this.#scene
    return {
      id,
      actor,
      isStatic,
      interrupt: () => void scheduler.after(0, actor, () => interrupted.abort('interrupted')),
    }
  }

  async #live(id: string, actor: Actor, isStatic: boolean, interrupted: AbortSignal): Promise<void> {
    const { profile } = this.#scene
    const tools = this.#scene.equip(actor)
    const registration = await Registration.create(tools, {
      id,
      bootId: newSecret(8),
      static: isStatic,
      host: actor.name,
      pid: 1,
      jail: 'none',
      release: 'simulated',
    })
    registration.dismissed.addEventListener('abort', () => this.#scene.ledger.workers.dismissed(id))
    await runWorker({
      ...tools,
      openBucket: () => tools.media,
      registration,
      engine: fakeEngine(actor, this.#scene, id),
      workspaceRoot: actor.name,
      workspaceQuotaBytes: 1e9,
      interrupted,
      ...(isStatic &&
        profile.idleSweeps && { idleSweep: { open: async () => new Sweep(tools), everyMs: 20_000 } }),
      ...(!isStatic && { masterGoneMs: MASTER_GONE_MS }),
    })
  }

  #violated(what: string): void {
    this.#scene.ledger.violation ??= what
  }
}
