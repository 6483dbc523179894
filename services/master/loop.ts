import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import { backoffMs } from '#shared/retry.ts'

const AFTER_FAILURE = { firstMs: 1_000, mostMs: 30_000 }

/**
 * Repeats a round, each beginning when the one before has ended and its wait is over, or somebody woke the loop.
 * A round that fails is logged and repeated later and later; the loop itself ends only by the signal.
 */
export class Loop {
  readonly #name: string
  readonly #clock: Clock
  readonly #log: Log
  readonly #round: (signal: AbortSignal) => Promise<number>
  #woken = Promise.withResolvers<void>()

  constructor(options: {
    readonly name: string
    readonly clock: Clock
    readonly log: Log
    /** Does the work and answers how many milliseconds to wait until the next round. */
    readonly round: (signal: AbortSignal) => Promise<number>
  }) {
    this.#name = options.name
    this.#clock = options.clock
    this.#log = options.log
    this.#round = options.round
  }

  /** Begins the next round now, or right after the one under way. */
  wake(): void {
    this.#woken.resolve()
  }

  /** Resolves when the signal is aborted and the round under way has ended. */
  async run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      this.#woken = Promise.withResolvers<void>()
      let waitMs: number
      try {
        waitMs = await this.#round(signal)
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        waitMs = backoffMs(++failures, AFTER_FAILURE)
        this.#log.error({ loop: this.#name, err: error, waitMs }, 'a round failed; it is repeated')
        this.#woken = Promise.withResolvers<void>() // nobody's wish makes a failing round come sooner
      }
      await this.#wait(waitMs, signal)
    }
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const slept = this.#clock.sleep(ms, AbortSignal.any([signal, over.signal]))
    try {
      await Promise.race([slept, this.#woken.promise])
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      over.abort(new Error('the wait is over'))
      slept.catch(() => undefined) // it was raced and lost
    }
  }
}
