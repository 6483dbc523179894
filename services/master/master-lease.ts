import { type Clock, isoTime } from '#shared/clock.ts'
import { type FleetRecord, type FleetSummary, parseFleet } from '#shared/fleet/fleet-record.ts'
import { FLEET_KEY } from '#shared/jobs/keys.ts'
import { RECORD_VERSION } from '#shared/jobs/record.ts'
import type { Log } from '#shared/log.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'

export interface MasterLeaseOptions {
  readonly store: StateStore
  readonly clock: Clock
  readonly log: Log
  /** New for each start of a master. */
  readonly masterId: string
  /** Where this master runs, and a judge of what another master wrote there: see `ownerProcess`. */
  readonly process?: { readonly name: string; isDead(name: string): Promise<boolean> }
  readonly times: MasterTimes
}

/** In milliseconds. */
export interface MasterTimes {
  /** How often the lease is renewed. */
  readonly renewMs: number
  /** How long the record must stay unchanged, on the watcher's own clock, before it is taken over. */
  readonly takeOverMs: number
}

/**
 * The master's lease: `owner` and `epoch` in fleet/state.json, which also holds the launch intents. Every write
 * of that object goes through here, one at a time.
 *
 *   watching --the record stayed unchanged for takeOverMs, or was laid down--> holding (epoch + 1)
 *   holding  --somebody else's epoch is in the record--> watching
 *
 * The lease only keeps two masters from doing the same work. It fences nothing: a master that has lost it without
 * knowing may still act, and is held off by tokens, admission and the states of the workers' records.
 */
export class MasterLease {
  readonly #o: MasterLeaseOptions
  #found: Found<FleetRecord> | undefined
  /** Our epoch while we hold the lease, as far as we know. */
  #epoch: number | undefined
  #writtenAtMs = 0
  #watched: { readonly etag: string; readonly sinceMs: number } | undefined
  #summary: FleetSummary | undefined
  #hasJudged = false
  #line: Promise<unknown> = Promise.resolve()

  constructor(options: MasterLeaseOptions) {
    this.#o = options
  }

  get held(): boolean {
    return this.#epoch !== undefined
  }

  /** Renews the lease when that is due, or watches its holder and takes over when it is silent. Call it often. */
  tend(signal?: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      const { clock, times } = this.#o
      if (!this.held) return this.#watch(signal)
      if (clock.monotonicMs() - this.#writtenAtMs < times.renewMs) return
      await this.#swap(
        (record) => record,
        () => false,
        signal,
      )
    })
  }

  /** Reads the record anew. `undefined` when the lease is not ours (any more). */
  read(signal?: AbortSignal): Promise<FleetRecord | undefined> {
    return this.#inTurn(async () => {
      if (!this.held) return undefined
      const found = await this.#o.store.get<FleetRecord>(FLEET_KEY, signal)
      return this.#keep(found) ? found?.value : undefined
    })
  }

  /**
   * Swaps the intents, if the lease is still ours. `change` returns `undefined` when nothing need be done any more;
   * `isDone` says whether its effect is there. True when it is.
   */
  change(
    change: (intents: FleetRecord['intents']) => FleetRecord['intents'] | undefined,
    isDone: (intents: FleetRecord['intents']) => boolean,
    signal?: AbortSignal,
  ): Promise<boolean> {
    return this.#inTurn(() =>
      this.#swap(
        (record) => {
          const intents = change(record.intents)
          return intents && { ...record, intents }
        },
        (record) => isDone(record.intents),
        signal,
      ),
    )
  }

  /** Rides in the next write; it is not worth one of its own. */
  note(summary: FleetSummary): void {
    this.#summary = summary
  }

  /** Gives the lease up, so that the next master need not wait. */
  layDown(signal?: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.held) return
      await this.#swap(
        (record) => ({ ...record, owner: '' }),
        (record) => record.owner === '',
        signal,
      )
      this.#epoch = undefined
    })
  }

  async #watch(signal: AbortSignal | undefined): Promise<void> {
    const { store, clock, log, masterId, times, process } = this.#o
    const found = await store.get<FleetRecord>(FLEET_KEY, signal)
    if (!found) {
      const first = await store.create<FleetRecord>(FLEET_KEY, this.#firstRecord(), signal)
      if (first.outcome === 'created') this.#take(first.found)
      return
    }
    const record = parseFleet(found)
    if (record.kind === 'newer') return // a newer master has written it: an older one keeps its hands off
    const now = clock.monotonicMs()
    if (this.#watched?.etag !== found.etag) this.#watched = { etag: found.etag, sinceMs: now }
    const silentMs = now - this.#watched.sinceMs
    const neighbour = this.#hasJudged ? undefined : record.ownerProcess
    this.#hasJudged = true
    const reason =
      record.owner === ''
        ? 'it was laid down'
        : silentMs >= times.takeOverMs
          ? `it was silent for ${Math.round(silentMs / 1000)} s`
          : // A restart on the same machine need not wait. Asked once only, so that two masters that judge each
            // other wrongly (containers with one host name) cannot take the lease from each other for ever.
            neighbour !== undefined && (await process?.isDead(neighbour))
            ? 'its process is gone'
            : undefined
    if (reason === undefined) return
    const swapped = await store.swap<FleetRecord>(
      found,
      (current) =>
        // A renewal in between wins: only the very version that was silent is taken over.
        current.writeId === found.value.writeId
          ? this.#stamped({ ...current, owner: masterId, epoch: current.epoch + 1 })
          : undefined,
      (current) => current.owner === masterId && current.epoch === found.value.epoch + 1,
      signal,
    )
    if (swapped.outcome === 'lost') return
    this.#take(swapped.found)
    log.info({ before: record.owner, epoch: swapped.found.value.epoch, reason }, 'took over the fleet')
  }

  async #swap(
    change: (record: FleetRecord) => FleetRecord | undefined,
    isDone: (record: FleetRecord) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    if (!this.#found || !this.held) return false
    const isMine = (record: FleetRecord) => record.owner === this.#o.masterId && record.epoch === this.#epoch
    const swapped = await this.#o.store.swap<FleetRecord>(
      this.#found,
      (current) => {
        const next = isMine(current) ? change(current) : undefined
        return next && this.#stamped(next)
      },
      (current) => current.epoch === this.#epoch && isDone(current),
      signal,
    )
    if (swapped.outcome === 'done') {
      this.#found = swapped.found
      this.#writtenAtMs = this.#o.clock.monotonicMs()
      return true
    }
    this.#keep(swapped.found)
    return false
  }

  /** Keeps what was read, if the lease is still ours; else notices its loss. */
  #keep(found: Found<FleetRecord> | undefined): boolean {
    const { masterId, log } = this.#o
    const record = found && parseFleet(found)
    if (found && record?.kind === 'fleet' && record.owner === masterId && record.epoch === this.#epoch) {
      this.#found = found
      return true
    }
    log.warn({ owner: record?.kind === 'fleet' ? record.owner : undefined }, 'another master has taken over')
    this.#epoch = undefined
    this.#watched = undefined
    return false
  }

  #take(found: Found<FleetRecord>): void {
    this.#found = found
    this.#epoch = found.value.epoch
    this.#writtenAtMs = this.#o.clock.monotonicMs()
  }

  #firstRecord(): FleetRecord {
    return this.#stamped({
      kind: 'fleet',
      version: RECORD_VERSION,
      owner: this.#o.masterId,
      epoch: 1,
      renewedAt: '',
      intents: {},
    })
  }

  #stamped(record: FleetRecord): FleetRecord {
    const { ownerProcess: _, ...rest } = record
    const { clock, masterId, process } = this.#o
    return {
      ...rest,
      renewedAt: isoTime(clock.now()),
      ...(record.owner === masterId && process && { ownerProcess: process.name }),
      ...(this.#summary && { summary: this.#summary }),
    }
  }

  /** One write at a time: a renewal and a change must not refuse each other. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#line.then(act)
    this.#line = turn.catch(() => undefined) // the caller hears of the error; the next in line only waits
    return turn
  }
}
