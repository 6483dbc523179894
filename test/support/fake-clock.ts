import type { Clock } from '#shared/clock.ts'

interface Sleeper {
  readonly atMs: number
  readonly wake: () => void
}

/**
 * A clock that stands still until a test moves it. Wall and monotonic time run together; `jumpWall` moves only
 * the wall, as NTP would.
 */
export class FakeClock implements Clock {
  #wallMs: number
  #monotonicMs = 0
  readonly #sleepers = new Set<Sleeper>()

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs
  }

  /** How many are asleep. */
  get sleepers(): number {
    return this.#sleepers.size
  }

  now(): number {
    return this.#wallMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const sleeper: Sleeper = { atMs: this.#monotonicMs + ms, wake: resolve }
    const onAbort = () => {
      this.#sleepers.delete(sleeper)
      reject(signal?.reason)
    }
    this.#sleepers.add(sleeper)
    signal?.addEventListener('abort', onAbort, { once: true })
    return promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }

  /** Moves time on by `ms`, waking each sleeper at its own moment and letting it act before time goes on. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms
    await settled()
    for (;;) {
      const next = [...this.#sleepers].filter((s) => s.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (!next) break
      this.#moveTo(Math.max(next.atMs, this.#monotonicMs))
      this.#sleepers.delete(next)
      next.wake()
      await settled()
    }
    this.#moveTo(endMs)
  }

  jumpWall(ms: number): void {
    this.#wallMs += ms
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs
    this.#monotonicMs = monotonicMs
  }
}

// Promise chains over in-memory stores have no timers in them: a few turns of the event loop run them to the end.
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
