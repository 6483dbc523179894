import type {
  Driver,
  DriverFailureKind,
  LaunchResult,
  Machine,
  TerminateResult,
} from '../../services/master/drivers/driver.ts'

/** What befalls one launch. `late` gives no answer now and happens later, or never. */
export type LaunchFault = 'none' | 'late' | DriverFailureKind

export interface FakeMachine {
  readonly id: string
  alive: boolean
  /** False while the list lags behind. */
  listed: boolean
}

/**
 * A provider in memory with faults built in, for tests and the simulation: no room, rate limits, launches that
 * time out and happen later, a list that lags. It remembers tokens as EC2 does, or forgets them as Docker does.
 */
export class FakeDriver implements Driver {
  readonly name = 'fake'
  readonly remembersTokens: boolean
  readonly machines = new Map<string, FakeMachine>()
  /** Launches without an answer that may still happen. */
  readonly late = new Set<string>()
  /** How often each id was launched, answered or not. */
  readonly launches: string[] = []
  readonly terminations: string[] = []
  readonly #fault: (id: string) => LaunchFault
  readonly #lags: () => boolean
  readonly #onStart: (id: string) => void
  readonly #onTerminate: (id: string) => void
  readonly #listeners: ((id: string) => void)[] = []

  constructor(
    options: {
      readonly remembersTokens?: boolean
      readonly fault?: (id: string) => LaunchFault
      /** Asked at each start: shall the list miss this machine until `show`? */
      readonly lags?: () => boolean
      /** A machine starts: let it register, say. */
      readonly onStart?: (id: string) => void
      /** A machine is asked to end. It is ended when this returns. */
      readonly onTerminate?: (id: string) => void
    } = {},
  ) {
    this.remembersTokens = options.remembersTokens ?? false
    this.#fault = options.fault ?? (() => 'none')
    this.#lags = options.lags ?? (() => false)
    this.#onStart = options.onStart ?? (() => undefined)
    this.#onTerminate = options.onTerminate ?? (() => undefined)
  }

  get alive(): readonly string[] {
    return [...this.machines.values()].filter((m) => m.alive).map((m) => m.id)
  }

  async launch(ids: readonly string[]): Promise<readonly LaunchResult[]> {
    return ids.map((id): LaunchResult => {
      this.launches.push(id)
      if (this.machines.has(id)) return { id, outcome: 'exists' }
      const fault = this.#fault(id)
      if (fault === 'none') {
        this.#start(id)
        return { id, outcome: 'launched' }
      }
      if (fault === 'late') this.late.add(id)
      const kind = fault === 'late' ? 'other' : fault
      return { id, outcome: 'failed', failure: { kind, reason: `the fake provider says ${fault}` } }
    })
  }

  async list(): Promise<readonly Machine[]> {
    return [...this.machines.values()]
      .filter((m) => m.listed)
      .map((m) => ({ id: m.id, state: m.alive ? 'alive' : 'ended' }))
  }

  async terminate(ids: readonly string[]): Promise<readonly TerminateResult[]> {
    return ids.map((id): TerminateResult => {
      const machine = this.machines.get(id)
      if (!machine) return { id, outcome: 'gone' }
      this.terminations.push(id)
      if (machine.alive) {
        this.#onTerminate(id)
        machine.alive = false
        return { id, outcome: 'ending' }
      }
      if (this.remembersTokens)
        machine.listed = false // and the token stays taken
      else this.machines.delete(id)
      return { id, outcome: 'gone' }
    })
  }

  onExit(listener: (id: string) => void): void {
    this.#listeners.push(listener)
  }

  async close(): Promise<void> {}

  /** A launch that timed out happens after all. */
  happen(id: string): void {
    if (this.late.delete(id) && !this.machines.has(id)) this.#start(id)
  }

  show(id: string): void {
    const machine = this.machines.get(id)
    if (machine) machine.listed = true
  }

  /** The machine dies by itself; `seen` says whether the driver notices at once. */
  die(id: string, seen = true): void {
    const machine = this.machines.get(id)
    if (!machine?.alive) return
    machine.alive = false
    if (seen) for (const listener of this.#listeners) listener(id)
  }

  #start(id: string): void {
    this.machines.set(id, { id, alive: true, listed: !this.#lags() })
    this.#onStart(id)
  }
}
