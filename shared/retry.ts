import type { Clock } from '#shared/clock.ts'

/** How long to wait between tries: doubling from `firstMs` to `mostMs`, with full jitter. */
export interface Backoff {
  readonly firstMs: number
  readonly mostMs: number
}

export const defaultBackoff: Backoff = { firstMs: 50, mostMs: 5_000 }

/**
 * The wait before try number `attempt` (1 is the first repeat), in milliseconds. Full jitter: a crowd that
 * failed together must not come back together (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export function backoffMs(attempt: number, backoff: Backoff, random: () => number = Math.random): number {
  const ceiling = Math.min(backoff.mostMs, backoff.firstMs * 2 ** Math.min(attempt - 1, 30))
  return Math.ceil(ceiling * (0.5 + random() / 2))
}

/** Repeats `work` until it succeeds, `isTransient` says no, or `tries` are used up; then throws its last error. */
export async function retry<T>(
  work: (attempt: number) => Promise<T>,
  options: {
    readonly clock: Clock
    readonly tries: number
    readonly isTransient: (error: unknown) => boolean
    readonly backoff?: Backoff
    readonly signal?: AbortSignal
  },
): Promise<T> {
  const { clock, tries, isTransient, backoff = defaultBackoff, signal } = options
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await work(attempt)
    } catch (error) {
      if (attempt >= tries || !isTransient(error)) throw error
    }
    await clock.sleep(backoffMs(attempt, backoff), signal)
  }
}
