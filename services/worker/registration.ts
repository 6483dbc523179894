import { type Clock, isoTime } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import { workerKey } from '#shared/jobs/keys.ts'
import { RECORD_VERSION } from '#shared/jobs/record.ts'
import type { Log } from '#shared/log.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'
import { isFinal, type Progress, type WorkerRecord } from '#shared/workers/worker-record.ts'

/** What a worker says of itself when it registers. */
export interface WorkerIdentity {
  readonly id: string
  readonly bootId: string
  readonly static: boolean
  readonly host: string
  readonly pid: number
  readonly jail: string
  readonly release: string
}

/** Why a worker must stop at once: it was condemned, its record vanished, or it could not be swapped for long. */
export type Dismissal = 'condemned' | 'replaced' | 'out-of-touch'

/**
 * A worker's own record `w/<id>.json` and everything that writes it. Creating it is the admission. All writes go
 * through one line, so a heartbeat and a change of state never race each other.
 *
 * States are those of `WorkerRecord`. `dismissed` is aborted with a {@link Dismissal} as its reason as soon as
 * this worker finds out that it is nobody any more; `draining` when it shall take no more work.
 */
export class Registration {
  readonly #store: StateStore
  readonly #clock: Clock
  readonly #log: Log
  readonly #dismissed = new AbortController()
  readonly #draining = new AbortController()
  #found: Found<WorkerRecord>
  #progress: Progress | undefined
  /** The lease that this worker works under, whatever its record still says. */
  #leaseId: string | undefined
  #line: Promise<unknown> = Promise.resolve()
  #lastSwapMs: number

  private constructor(context: RegistrationContext, found: Found<WorkerRecord>) {
    this.#store = context.store
    this.#clock = context.clock
    this.#log = context.log
    this.#found = found
    this.#lastSwapMs = context.clock.monotonicMs()
  }

  /** Registers, or throws `conflict` when the place is taken: then this machine is one too many and must go. */
  static async create(context: RegistrationContext, identity: WorkerIdentity): Promise<Registration> {
    const now = isoTime(context.clock.now())
    const { found } = await context.store.create<WorkerRecord>(workerKey(identity.id), {
      kind: 'worker',
      version: RECORD_VERSION,
      ...identity,
      state: 'idle',
      seq: 0,
      startedAt: now,
      heartbeatAt: now,
    })
    if (found.value.bootId !== identity.bootId) {
      throw new ReelmillError(
        'conflict',
        `The worker id ${identity.id} is taken (${found.value.state}). This process was launched twice or too late; it exits.`,
        { facts: { workerId: identity.id, state: found.value.state } },
      )
    }
    return new Registration(context, found)
  }

  get id(): string {
    return this.#found.value.id
  }

  get state(): WorkerRecord['state'] {
    return this.#found.value.state
  }

  get dismissed(): AbortSignal {
    return this.#dismissed.signal
  }

  get draining(): AbortSignal {
    return this.#draining.signal
  }

  /** Kept for the next heartbeat; progress lives only here. */
  report(progress: Progress | undefined): void {
    this.#progress = progress
  }

  /** idle -> busy for this lease, before the lease is taken (w before j). False when it may not: hand the bell back. */
  async takeUp(work: { leaseId: string; job: string; tenant: string; task: string }): Promise<boolean> {
    this.#progress = undefined
    this.#leaseId = work.leaseId
    let isTaken = false
    try {
      isTaken = await this.#swap(
        (w) => {
          const now = this.#truthful(w)
          return now.state === 'idle' ? { ...now, state: 'busy', ...work } : undefined
        },
        (w) => w.leaseId === work.leaseId,
      )
    } finally {
      if (!isTaken) this.#leaseId = undefined
    }
    return isTaken
  }

  /** busy -> idle, after the job was settled (j before w). A draining worker stays so, without its lease. */
  async layDown(): Promise<void> {
    this.#progress = undefined
    this.#leaseId = undefined
    await this.#swap(
      (w) => (isFinal(w) ? undefined : this.#truthful(w)),
      (w) => w.leaseId === undefined,
    )
  }

  /** Takes no more work from here on; a lease that is held is kept until `layDown`. */
  async drain(): Promise<void> {
    await this.#swap(
      (w) => (isFinal(w) ? undefined : { ...w, state: 'draining' }),
      (w) => w.state === 'draining' || isFinal(w),
    )
  }

  /** The last word. After it the machine may be taken away. */
  async bowOut(): Promise<void> {
    await this.#swap((w) => (isFinal(w) ? undefined : { ...withoutWork(w), state: 'drained' }), isFinal)
  }

  /**
   * Swaps the record every `heartbeatMs` until `signal` is aborted. No success for `outOfTouchMs` on the
   * monotonic clock dismisses the worker: others take its work, so going on would only cost money.
   */
  async beat(times: { heartbeatMs: number; outOfTouchMs: number }, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#dismissed.signal.aborted) {
      try {
        await this.#clock.sleep(times.heartbeatMs, signal)
        await this.#swap(
          (w) => (isFinal(w) ? undefined : this.#truthful(w)),
          () => false,
          signal,
        )
      } catch (error) {
        if (signal.aborted) return
        this.#log.warn({ err: error }, 'the heartbeat failed')
      }
      const silentMs = this.#clock.monotonicMs() - this.#lastSwapMs
      if (silentMs >= times.outOfTouchMs) this.#dismiss('out-of-touch')
    }
  }

  /** One swap at a time. True when the change, or its effect, is in the record. */
  #swap(
    change: (worker: WorkerRecord) => WorkerRecord | undefined,
    isDone: (worker: WorkerRecord) => boolean,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const turn = this.#line.then(async () => {
      const { bootId } = this.#found.value
      const swapped = await this.#store.swap<WorkerRecord>(
        this.#found,
        (current) => {
          if (current.bootId !== bootId) return undefined
          const next = change(current)
          return next && this.#beaten(next)
        },
        (current) => current.bootId === bootId && isDone(current),
        signal,
      )
      if (!swapped.found || swapped.found.value.bootId !== bootId) {
        this.#dismiss('replaced')
        return false
      }
      this.#found = swapped.found
      this.#lastSwapMs = this.#clock.monotonicMs()
      this.#heed(swapped.found.value)
      return swapped.outcome === 'done'
    })
    this.#line = turn.catch(() => undefined) // the caller gets the error; the line only waits for its turn
    return turn
  }

  /**
   * The record without a lease that nobody here works under any more: when the store was away, a `takeUp` may have
   * been applied after it was given up, and a `layDown` not at all. Such a worker would be busy for ever.
   */
  #truthful(worker: WorkerRecord): WorkerRecord {
    if (worker.leaseId === undefined || worker.leaseId === this.#leaseId) return worker
    return { ...withoutWork(worker), state: worker.state === 'busy' ? 'idle' : worker.state }
  }

  #beaten(worker: WorkerRecord): WorkerRecord {
    const { progress: _, ...rest } = worker
    return {
      ...rest,
      seq: worker.seq + 1,
      heartbeatAt: isoTime(this.#clock.now()),
      ...(rest.leaseId !== undefined && this.#progress && { progress: this.#progress }),
    }
  }

  #heed(worker: WorkerRecord): void {
    if (worker.state === 'condemned') this.#dismiss('condemned')
    if (worker.state === 'draining' || isFinal(worker))
      this.#draining.abort(new Error('the worker is draining'))
  }

  #dismiss(reason: Dismissal): void {
    if (this.#dismissed.signal.aborted) return
    this.#log.warn({ reason }, 'this worker is dismissed')
    this.#dismissed.abort(reason)
    this.#draining.abort(new Error(`the worker is dismissed: ${reason}`))
  }
}

export interface RegistrationContext {
  readonly store: StateStore
  readonly clock: Clock
  readonly log: Log
}

function withoutWork(worker: WorkerRecord): WorkerRecord {
  const { job: _, tenant: __, task: ___, leaseId: ____, progress: _____, ...rest } = worker
  return rest
}
