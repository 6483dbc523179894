import type { Clock } from '#shared/clock.ts'
import { hintPages } from '#shared/state/hint-pages.ts'
import type { StateStore } from '#shared/state/state-store.ts'

const HOUR_MS = 3_600_000
const NONCES_PREFIX = 'nonce/'

/** Nonces of WS-Security that have been used, in the state store, so that all frontends know them. */
export class Nonces {
  readonly #store: StateStore
  readonly #clock: Clock
  #tidiedHour = ''

  constructor(options: { readonly store: StateStore; readonly clock: Clock }) {
    this.#store = options.store
    this.#clock = options.clock
  }

  /**
   * Takes a nonce; `false` when it was taken before. It is remembered at least until `untilMs` (wall time). Of two
   * that take it at once, at most one gets `true`, also when their hours differ: each first writes, then looks.
   */
  async take(nonceHash: string, untilMs: number): Promise<boolean> {
    const hour = hourOf(this.#clock.now())
    if (hour !== this.#tidiedHour) {
      this.#tidiedHour = hour
      await this.#tidy(hour)
    }
    const { outcome } = await this.#store.create(nonceKey(untilMs, nonceHash), { version: 1 })
    if (outcome === 'exists') return false
    const neighbours = [untilMs - HOUR_MS, untilMs + HOUR_MS].map((ms) => nonceKey(ms, nonceHash))
    const found = await Promise.all(neighbours.map((key) => this.#store.get(key)))
    return found.every((each) => each === undefined)
  }

  /** Forgets what no message can use any more: everything of hours that are over. */
  async #tidy(hour: string): Promise<void> {
    for await (const page of hintPages(this.#store, NONCES_PREFIX)) {
      const old = page.filter(({ key }) => key < `${NONCES_PREFIX}${hour}`)
      for (const { key } of old) await this.#store.delete(key)
      if (old.length < page.length) return
    }
  }
}

const hourOf = (ms: number): string => new Date(ms).toISOString().slice(0, 13).replaceAll(/\D/g, '')
const nonceKey = (untilMs: number, hash: string): string => `${NONCES_PREFIX}${hourOf(untilMs)}/${hash}`
