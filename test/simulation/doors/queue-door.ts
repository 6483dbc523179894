import { ReelmillError } from '#shared/errors.ts'
import type { Bell, BellQueue, ReceivedBell } from '#shared/queue/bell-queue.ts'
import type { MemoryBellQueue } from '#shared/queue/memory-bell-queue.ts'
import type { Actor } from '../engine/actor.ts'
import { type Faults, silenceMs } from '../engine/faults.ts'

export interface QueueBackend {
  readonly core: MemoryBellQueue
  readonly faults: Faults
}

/** One actor's way to the queue. A receiver that dies in a long poll may take a bell with it. */
export class QueueDoor implements BellQueue {
  readonly #actor: Actor
  readonly #backend: QueueBackend

  constructor(actor: Actor, backend: QueueBackend) {
    this.#actor = actor
    this.#backend = backend
  }

  send(bell: Bell, signal?: AbortSignal): Promise<void> {
    return this.#ask(`ring for ${bell.jobId}`, signal, () => this.#backend.core.send(bell))
  }

  receive(options: {
    readonly most: number
    readonly waitSec: number
    readonly signal?: AbortSignal
  }): Promise<readonly ReceivedBell[]> {
    const gone = new AbortController()
    const act = () => this.#backend.core.receive({ ...options, signal: gone.signal })
    return this.#ask('wait for a bell', options.signal, act, () => gone.abort(new Error('hung up')))
  }

  delete(receipt: string): Promise<void> {
    return this.#ask(`delete the bell ${receipt}`, undefined, () => this.#backend.core.delete(receipt))
  }

  extend(receipt: string, sec: number): Promise<void> {
    return this.#ask(`hand back the bell ${receipt}`, undefined, () =>
      this.#backend.core.extend(receipt, sec),
    )
  }

  depth(signal?: AbortSignal): Promise<number> {
    return this.#ask('ask the depth of the queue', signal, () => this.#backend.core.depth())
  }

  #ask<T>(
    what: string,
    signal: AbortSignal | undefined,
    act: () => Promise<T>,
    onGone?: () => void,
  ): Promise<T> {
    const { faults } = this.#backend
    const fault = faults.pick('queue', what, this.#actor.stage.scheduler.nowMs)
    return this.#actor.call({
      what: () => (fault ? `${what} -> ${fault}` : what),
      signal,
      ...(fault && { answerMs: silenceMs(this.#actor.stage.chance) }),
      ...(onGone && { onGone }),
      perform: async () => {
        // A long poll whose answer is lost has hidden its bell; asking it to wait would only cost time.
        if (fault === 'answer-lost') await Promise.race([act(), Promise.resolve()])
        if (!fault) return act()
        throw new ReelmillError('queue-unavailable', `The queue did not answer (${what}). Try again.`)
      },
    })
  }
}
