import { type Clock, isoTime } from '#shared/clock.ts'
import { workerKey } from '#shared/jobs/keys.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'
import { isFinal, type WorkerRecord } from '#shared/workers/worker-record.ts'

/**
 * Workers as the fleet sees them: records that register, move and end by the protocol, without a process behind
 * them. One instance stands for one machine's worker.
 */
export class FakeWorker {
  readonly id: string
  readonly #store: StateStore
  readonly #clock: Clock
  readonly #bootId: string
  #found: Found<WorkerRecord> | undefined

  constructor(options: { readonly store: StateStore; readonly clock: Clock; readonly id: string }) {
    this.id = options.id
    this.#store = options.store
    this.#clock = options.clock
    this.#bootId = `boot-${options.id}`
  }

  /** Creates its record: the admission. False when the place is taken. */
  async register(isStatic = false): Promise<boolean> {
    const now = isoTime(this.#clock.now())
    const { found } = await this.#store.create<WorkerRecord>(workerKey(this.id), {
      kind: 'worker',
      version: 1,
      id: this.id,
      bootId: this.#bootId,
      static: isStatic,
      state: 'idle',
      seq: 0,
      startedAt: now,
      heartbeatAt: now,
      host: 'host',
    })
    if (found.value.bootId !== this.#bootId) return false
    this.#found = found
    return !isFinal(found.value)
  }

  /** A heartbeat; a draining worker without work says its last word instead. Answers its state afterwards. */
  beat(): Promise<WorkerRecord['state'] | 'gone'> {
    return this.#swap((w) => ({ ...w, state: w.state === 'draining' && !w.leaseId ? 'drained' : w.state }))
  }

  /** Takes a job, if it may. */
  takeUp(job: string, leaseId: string): Promise<WorkerRecord['state'] | 'gone'> {
    return this.#swap((w) => (w.state === 'idle' ? { ...w, state: 'busy', job, leaseId } : undefined))
  }

  layDown(): Promise<WorkerRecord['state'] | 'gone'> {
    return this.#swap(({ job: _, leaseId: __, ...w }) => ({
      ...w,
      state: w.state === 'busy' ? 'idle' : w.state,
    }))
  }

  async #swap(
    change: (w: WorkerRecord) => WorkerRecord | undefined,
  ): Promise<WorkerRecord['state'] | 'gone'> {
    if (!this.#found) return 'gone'
    const swapped = await this.#store.swap<WorkerRecord>(
      this.#found,
      (current) => {
        const next = isFinal(current) ? undefined : change(current)
        return next && { ...next, seq: current.seq + 1, heartbeatAt: isoTime(this.#clock.now()) }
      },
      () => false,
    )
    this.#found = swapped.found
    return swapped.found?.value.state ?? 'gone'
  }
}
