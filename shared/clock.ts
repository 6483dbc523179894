import { setTimeout as delay } from 'node:timers/promises'

/**
 * Time as a parameter, so that tests and the simulation own it.
 *
 * Wall time may jump (NTP, an administrator); every wait and every "unchanged for so long" is therefore
 * measured on the monotonic clock, and wall time is only written down for people to read.
 */
export interface Clock {
  /** Wall time in milliseconds since the epoch. */
  now(): number
  /** Milliseconds on a clock that never goes back; its zero means nothing. */
  monotonicMs(): number
  /** Resolves after `ms`; rejects with the signal's reason as soon as the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal ? { signal } : undefined)
    } catch (error) {
      // node wraps the reason in its own AbortError; callers want the reason itself.
      throw signal?.aborted ? signal.reason : error
    }
  },
}

/** An RFC 3339 time in UTC with milliseconds, as records and answers spell it. */
export const isoTime = (ms: number): string => new Date(ms).toISOString()
