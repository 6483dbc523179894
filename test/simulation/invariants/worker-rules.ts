import type { FleetRecord } from '#shared/fleet/fleet-record.ts'
import type { WorkerRecord } from '#shared/workers/worker-record.ts'
import type { Report } from './ledger.ts'

interface Life {
  record: WorkerRecord | undefined
  /** When its record changed last. */
  changedMs: number
  /** It was silent for a whole lease time, at least once. */
  wasSilent: boolean
  readonly listed: Set<string>
  /** The lease under which it has begun to encode. */
  working: string | undefined
  /** It knows that it is nobody any more. */
  isDismissed: boolean
}

export interface WorkerRulesOptions {
  readonly leaseMs: number
  readonly maxWorkers: number
  /** What the provider knows of this machine. */
  isMachineAlive(id: string): boolean
  /** The record of a job as it stands. */
  job(id: string): { readonly kind: string; readonly lease?: { readonly id: string } | undefined } | undefined
}

const isFinal = (worker: WorkerRecord): boolean => worker.state === 'drained' || worker.state === 'condemned'

/** The invariants of `w/` and the fleet: I8, I9, I10 and P7 of docs/protocol.md, and what H2, H6 and H7 found. */
export class WorkerRules {
  readonly #report: Report
  readonly #options: WorkerRulesOptions
  readonly #lives = new Map<string, Life>()
  readonly #givenUp = new Set<string>()
  fleet: FleetRecord | undefined

  constructor(report: Report, options: WorkerRulesOptions) {
    this.#report = report
    this.#options = options
  }

  record(id: string): WorkerRecord | undefined {
    return this.#lives.get(id)?.record
  }

  get records(): readonly WorkerRecord[] {
    return [...this.#lives.values()].flatMap(({ record }) => (record ? [record] : []))
  }

  hasListed(id: string, leaseId: string): boolean {
    return this.#lives.get(id)?.listed.has(leaseId) ?? false
  }

  /** Lists this lease, is not final, and was never silent for a lease time. */
  isLive(id: string, leaseId: string): boolean {
    const life = this.#lives.get(id)
    if (!life?.record || isFinal(life.record) || life.record.leaseId !== leaseId) return false
    return !life.wasSilent && this.#report.nowMs() - life.changedMs < this.#options.leaseMs
  }

  /** This worker begins to encode. */
  began(id: string): void {
    const life = this.#lives.get(id)
    if (life) life.working = life.record?.leaseId
  }

  dismissed(id: string): void {
    const life = this.#lives.get(id)
    if (life) life.isDismissed = true
  }

  changed(key: string, before: WorkerRecord | undefined, after: WorkerRecord | undefined): void {
    const id = key.slice('w/'.length, -'.json'.length)
    const now = this.#report.nowMs()
    const life = this.#lives.get(id) ?? {
      record: undefined,
      changedMs: now,
      wasSilent: false,
      listed: new Set(),
      working: undefined,
      isDismissed: false,
    }
    this.#lives.set(id, life)
    const silentMs = now - life.changedMs
    if (silentMs >= this.#options.leaseMs) life.wasSilent = true
    if (before && after) this.#moved(id, life, before, after, silentMs)
    life.record = after
    life.changedMs = now
    if (!after) {
      this.#report.count('worker forgotten')
      return
    }
    if (after.leaseId !== undefined) life.listed.add(after.leaseId)
    if (after.state === 'idle' && after.leaseId !== undefined)
      this.#report.violated(`I9: the idle worker ${id} lists a lease`)
    this.#count(before, after)
    const admitted = this.records.filter((w) => !w.static && !isFinal(w)).length
    const { maxWorkers } = this.#options
    if (admitted > maxWorkers)
      this.#report.violated(`I10: ${admitted} machines are admitted, and ${maxWorkers} may be`)
  }

  #moved(id: string, life: Life, before: WorkerRecord, after: WorkerRecord, silentMs: number): void {
    const { leaseMs, isMachineAlive, job } = this.#options
    if (isFinal(before)) {
      if (before.state !== after.state)
        this.#report.violated(`I8: ${before.state} is final, and ${id} became ${after.state}`)
      return
    }
    if (after.state === 'condemned' && silentMs < leaseMs && (before.static || isMachineAlive(id)))
      this.#report.violated(`P7: the living ${id} is condemned, silent for ${silentMs} ms`)
    const { leaseId } = before
    const hasFreedItself = leaseId !== undefined && leaseId === life.working && after.leaseId !== leaseId
    if (!hasFreedItself || life.wasSilent || life.isDismissed) return
    if (job(before.job ?? '')?.lease?.id === leaseId)
      this.#report.violated(`H2: ${id} lays its work down, and ${before.job} still runs under its lease`)
  }

  fleetChanged(before: FleetRecord | undefined, after: FleetRecord | undefined): void {
    this.fleet = after
    if (!after) {
      this.#report.violated('the record of the fleet vanished')
      return
    }
    if (before && after.epoch < before.epoch) this.#report.violated('the epoch of the master went back')
    if (before && after.owner !== before.owner) this.#report.count('master took over')
    const old = before?.intents ?? {}
    for (const [id, { state }] of Object.entries(after.intents)) {
      if (!old[id]) this.#report.count(state === 'planned' ? 'intent planned' : 'stray machine adopted')
      else if (old[id]?.state !== state) this.#report.count('intent up')
    }
    for (const id of Object.keys(old)) {
      if (after.intents[id]) continue
      this.#report.count('intent given up')
      this.#givenUp.add(id)
      const worker = this.record(id)
      if (!worker || !isFinal(worker))
        this.#report.violated(
          `H6: the intent ${id} is dropped while its worker is ${worker?.state ?? 'unknown'}`,
        )
    }
  }

  /** The provider starts a machine. One that remembers tokens must not, once the intent was given up. */
  started(id: string, remembersTokens: boolean): void {
    if (remembersTokens && this.#givenUp.has(id))
      this.#report.violated(`H7: the machine ${id} starts, and its intent was given up`)
  }

  /** The provider was asked to end this machine. */
  terminated(id: string): void {
    const worker = this.record(id)
    const isSafe =
      worker && (isFinal(worker) || (worker.state === 'draining' && worker.leaseId === undefined))
    this.#report.count('machine terminated')
    if (!isSafe)
      this.#report.violated(`I8: ${id} is terminated while its worker is ${worker?.state ?? 'unknown'}`)
  }

  #count(before: WorkerRecord | undefined, after: WorkerRecord): void {
    if (!before)
      this.#report.count(after.state === 'condemned' ? 'worker place occupied' : 'worker registered')
    else if (before.state !== after.state) this.#report.count(`worker ${before.state} -> ${after.state}`)
  }
}
