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
}

const isFinal = (worker: WorkerRecord): boolean => worker.state === 'drained' || worker.state === 'condemned'

/** The invariants of `w/` and the fleet: I8, I9 and I10 of PROTOCOL.md. */
export class WorkerRules {
  readonly #report: Report
  readonly #leaseMs: number
  readonly #maxWorkers: number
  readonly #lives = new Map<string, Life>()
  fleet: FleetRecord | undefined

  constructor(report: Report, options: { readonly leaseMs: number; readonly maxWorkers: number }) {
    this.#report = report
    this.#leaseMs = options.leaseMs
    this.#maxWorkers = options.maxWorkers
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
    return !life.wasSilent && this.#report.nowMs() - life.changedMs < this.#leaseMs
  }

  changed(key: string, before: WorkerRecord | undefined, after: WorkerRecord | undefined): void {
    const id = key.slice('w/'.length, -'.json'.length)
    const now = this.#report.nowMs()
    const life = this.#lives.get(id) ?? {
      record: undefined,
      changedMs: now,
      wasSilent: false,
      listed: new Set(),
    }
    this.#lives.set(id, life)
    if (now - life.changedMs >= this.#leaseMs) life.wasSilent = true
    life.record = after
    life.changedMs = now
    if (!after) {
      this.#report.count('worker forgotten')
      return
    }
    if (after.leaseId !== undefined) life.listed.add(after.leaseId)
    if (after.state === 'idle' && after.leaseId !== undefined)
      this.#report.violated(`I9: the idle worker ${id} lists a lease`)
    if (before && isFinal(before) && before.state !== after.state)
      this.#report.violated(`I8: ${before.state} is final, and ${id} became ${after.state}`)
    this.#count(before, after)
    const admitted = this.records.filter((w) => !w.static && !isFinal(w)).length
    if (admitted > this.#maxWorkers)
      this.#report.violated(`I10: ${admitted} machines are admitted, and ${this.#maxWorkers} may be`)
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
      const worker = this.record(id)
      if (!worker || !isFinal(worker))
        this.#report.violated(
          `H6: the intent ${id} is dropped while its worker is ${worker?.state ?? 'unknown'}`,
        )
    }
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
