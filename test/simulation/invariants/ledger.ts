import type { MemoryObjects } from '#shared/state/memory-objects.ts'
import type { Scheduler } from '../engine/scheduler.ts'
import type { Tally } from '../engine/tally.ts'
import { JobRules } from './job-rules.ts'
import type { MediaLedger } from './media-ledger.ts'
import { WorkerRules } from './worker-rules.ts'

export interface LedgerOptions {
  readonly objects: MemoryObjects
  readonly media: MediaLedger
  readonly scheduler: Scheduler
  readonly tally: Tally
  readonly leaseMs: number
  readonly maxWorkers: number
  isMachineAlive(id: string): boolean
}

/**
 * Sees each change of the state bucket as it happens, and holds it against the invariants I1 to I10. The first
 * one that is broken is kept as `violation`; what comes after it is only consequence.
 */
export class Ledger {
  violation: string | undefined
  readonly jobs: JobRules
  readonly workers: WorkerRules
  readonly #objects: MemoryObjects
  readonly #tally: Tally
  readonly #known = new Map<string, string>()

  constructor(options: LedgerOptions) {
    this.#objects = options.objects
    this.#tally = options.tally
    const { scheduler } = options
    const report = {
      violated: (what: string) => {
        this.violation ??= what
      },
      count: (name: string) => this.count(name),
      nowMs: () => scheduler.nowMs,
      has: (key: string) => this.#known.has(key),
    }
    options.media.report = report
    this.workers = new WorkerRules(report, {
      ...options,
      job: (id) => {
        const job = this.jobs.current.get(id)
        return job?.kind === 'job' ? job : undefined
      },
    })
    this.jobs = new JobRules(report, this.workers, options.media)
  }

  count(name: string): void {
    this.#tally.count(name)
  }

  /** A PUT is on its way: what it is based on must have been true when it was sent. */
  willWrite(key: string, body: string): void {
    const before = this.#known.get(key)
    if (key.startsWith('j/') && before !== undefined) this.jobs.willSwap(JSON.parse(before), JSON.parse(body))
  }

  /** Something may have changed under `key`. */
  changed(key: string, who: string): void {
    const before = this.#known.get(key)
    const after = this.#objects.snapshot(key).get(key)
    if (before === after) return
    if (after === undefined) this.#known.delete(key)
    else this.#known.set(key, after)
    const parsed = (body: string | undefined) => (body ? JSON.parse(body) : undefined)
    if (key.startsWith('j/')) this.jobs.changed(key, parsed(before), parsed(after), who)
    else if (key.startsWith('w/')) this.workers.changed(key, parsed(before), parsed(after))
    else if (key.startsWith('x/open/')) this.jobs.hintChanged(key, after !== undefined)
    else if (key.startsWith('fleet/')) this.workers.fleetChanged(parsed(before), parsed(after))
  }

  /** All that is stored, for the end of a run. */
  get entries(): ReadonlyMap<string, string> {
    return this.#known
  }
}

/** How rules report. */
export interface Report {
  violated(what: string): void
  count(name: string): void
  nowMs(): number
  has(key: string): boolean
}
