import type { Clock } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import type { Bell, BellQueue, ReceivedBell } from '#shared/queue/bell-queue.ts'

/**
 * What may go wrong, decided anew for every message by whoever owns chance: the simulation by its seed, a test by
 * hand. All of it is allowed to a queue that delivers at least once and in no order.
 */
export interface QueueFaults {
  /** Before a request is carried out; throwing makes it fail. May wait, to be slow. */
  onRequest?(verb: 'send' | 'receive' | 'delete' | 'extend' | 'depth'): void | Promise<void>
  /** How a bell that was sent arrives: lost, or in so many copies, each after its delay in milliseconds. */
  onSend?(bell: Bell): readonly number[]
  /** Which of `count` visible bells is delivered next. */
  choose?(count: number): number
}

interface Message {
  readonly bell: Bell
  deliveries: number
  receipt: string | undefined
  visibleMs: number
}

/** As the default of SqsBellQueue: how long a delivered bell stays hidden. */
const VISIBILITY_MS = 60_000

/** A queue within the process, for tests and the simulation. Without faults it is what a quiet day of SQS is. */
export class MemoryBellQueue implements BellQueue {
  readonly #clock: Clock
  readonly #faults: QueueFaults
  #messages: Message[] = []
  #receipts = 0
  #changed = Promise.withResolvers<void>()

  constructor(options: { readonly clock: Clock; readonly faults?: QueueFaults }) {
    this.#clock = options.clock
    this.#faults = options.faults ?? {}
  }

  async send(bell: Bell, signal?: AbortSignal): Promise<void> {
    await this.#request('send', signal)
    const { version, jobId, task } = bell
    for (const delayMs of this.#faults.onSend?.(bell) ?? [0]) {
      const visibleMs = this.#clock.monotonicMs() + delayMs
      this.#messages.push({ bell: { version, jobId, task }, deliveries: 0, receipt: undefined, visibleMs })
    }
    this.#notify()
  }

  async receive(options: {
    readonly most: number
    readonly waitSec: number
    readonly signal?: AbortSignal
  }): Promise<readonly ReceivedBell[]> {
    const { most, waitSec, signal } = options
    await this.#request('receive', signal)
    const until = this.#clock.monotonicMs() + waitSec * 1000
    for (;;) {
      const changed = this.#changed.promise
      const bells = this.#take(most)
      const now = this.#clock.monotonicMs()
      if (bells.length > 0 || now >= until) return bells
      const nextMs = Math.min(until, ...this.#messages.map((message) => message.visibleMs))
      await this.#wait(nextMs - now, changed, signal)
    }
  }

  async delete(receipt: string): Promise<void> {
    await this.#request('delete')
    this.#messages = this.#messages.filter((message) => message.receipt !== receipt)
  }

  async extend(receipt: string, sec: number): Promise<void> {
    await this.#request('extend')
    const now = this.#clock.monotonicMs()
    const message = this.#messages.find((candidate) => candidate.receipt === receipt)
    if (!message || message.visibleMs <= now) return
    message.visibleMs = now + sec * 1000
    this.#notify()
  }

  async depth(signal?: AbortSignal): Promise<number> {
    await this.#request('depth', signal)
    return this.#visible().length
  }

  /** Loses every bell, as a purge or a recreated queue does. */
  purge(): void {
    this.#messages = []
  }

  #take(most: number): ReceivedBell[] {
    const visible = this.#visible()
    const bells: ReceivedBell[] = []
    while (bells.length < most && visible.length > 0) {
      const [message] = visible.splice(this.#faults.choose?.(visible.length) ?? 0, 1)
      if (!message)
        throw new ReelmillError('internal', 'QueueFaults.choose must name one of the visible bells.')
      message.receipt = `receipt-${++this.#receipts}`
      message.deliveries++
      message.visibleMs = this.#clock.monotonicMs() + VISIBILITY_MS
      bells.push({ ...message.bell, receipt: message.receipt, deliveries: message.deliveries })
    }
    return bells
  }

  #visible(): Message[] {
    const now = this.#clock.monotonicMs()
    return this.#messages.filter((message) => message.visibleMs <= now)
  }

  async #request(
    verb: Parameters<NonNullable<QueueFaults['onRequest']>>[0],
    signal?: AbortSignal,
  ): Promise<void> {
    signal?.throwIfAborted()
    await this.#faults.onRequest?.(verb)
  }

  #notify(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }

  /** Until something changes or `ms` are over. Throws the signal's reason. */
  async #wait(ms: number, changed: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    const over = new AbortController()
    const either = signal ? AbortSignal.any([over.signal, signal]) : over.signal
    const slept = this.#clock.sleep(ms, either)
    slept.catch(() => undefined) // when the change comes first, nobody listens any more
    try {
      await Promise.race([changed, slept])
    } finally {
      over.abort(new Error('the wait is over'))
    }
  }
}
