import type {
  Driver,
  LaunchResult,
  Machine,
  TerminateResult,
} from '../../../services/master/drivers/driver.ts'
import type { FakeDriver } from '../../support/fake-driver.ts'
import type { Actor } from '../engine/actor.ts'
import { type Faults, silenceMs } from '../engine/faults.ts'

export interface DriverBackend {
  readonly core: FakeDriver
  readonly faults: Faults
}

/** One master's way to the provider of machines. */
export class DriverDoor implements Driver {
  readonly name = 'fake'
  readonly #actor: Actor
  readonly #backend: DriverBackend

  constructor(actor: Actor, backend: DriverBackend) {
    this.#actor = actor
    this.#backend = backend
  }

  get remembersTokens(): boolean {
    return this.#backend.core.remembersTokens
  }

  launch(ids: readonly string[], signal?: AbortSignal): Promise<readonly LaunchResult[]> {
    return this.#ask(`launch ${ids.join(' ')}`, signal, () => this.#backend.core.launch(ids))
  }

  list(signal?: AbortSignal): Promise<readonly Machine[]> {
    return this.#ask('list the machines', signal, () => this.#backend.core.list())
  }

  terminate(ids: readonly string[], signal?: AbortSignal): Promise<readonly TerminateResult[]> {
    return this.#ask(`terminate ${ids.join(' ')}`, signal, () => this.#backend.core.terminate(ids))
  }

  onExit(listener: (id: string) => void): void {
    const { scheduler, latencyMs } = this.#actor.stage
    this.#backend.core.onExit((id) => {
      scheduler.after(latencyMs(), this.#actor, () => listener(id))
    })
  }

  async close(): Promise<void> {}

  #ask<T>(what: string, signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
    const fault = this.#backend.faults.pick('driver', what, this.#actor.stage.scheduler.nowMs)
    return this.#actor.call({
      what: () => (fault ? `${what} -> ${fault}` : what),
      signal,
      ...(fault && { answerMs: silenceMs(this.#actor.stage.chance) }),
      perform: async () => {
        if (!fault) return act()
        if (fault === 'answer-lost') await act()
        if (fault === 'late') this.#actLater(what, act)
        throw new Error(`the provider did not answer: ${what}`)
      },
    })
  }

  #actLater(what: string, act: () => Promise<unknown>): void {
    const { chance, scheduler, trace } = this.#actor.stage
    scheduler.after(chance.between(100, 60_000), undefined, () => {
      trace.say('the provider', () => `the late call of ${this.#actor.name} is CARRIED OUT: ${what}`)
      void act()
    })
  }
}
