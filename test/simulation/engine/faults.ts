import type { Chance } from './chance.ts'
import type { Tally } from './tally.ts'

/**
 * Every fault that can befall a call, by what is called. A `late` write is applied when nobody waits for it any more.
 */
export const faultNames = {
  read: ['unavailable'],
  write: ['busy', 'refused', 'unavailable', 'answer-lost', 'late'],
  list: ['unavailable', 'stale'],
  remove: ['busy', 'unavailable', 'answer-lost', 'late'],
  media: ['unavailable', 'answer-lost', 'late', 'broken-body'],
  queue: ['unavailable', 'answer-lost'],
  bell: ['lost', 'doubled', 'delayed'],
  driver: ['unavailable', 'answer-lost', 'late'],
  http: ['request-lost', 'answer-lost'],
  launch: ['late', 'capacity', 'rate-limit', 'other', 'unlisted'],
} as const

export type FaultKind = keyof typeof faultNames
export type FaultOf<K extends FaultKind> = (typeof faultNames)[K][number]

/** How likely each fault is, per call. What is left out does not happen. */
export type FaultRates = { readonly [K in FaultKind]?: Readonly<Partial<Record<FaultOf<K>, number>>> }

/** A call that a profile can single out, to look more closely at one hole. */
export interface FaultCall {
  readonly kind: FaultKind
  readonly key: string
  /** The body of a write. */
  readonly body?: string
}
export type Focus = (call: FaultCall) => Readonly<Record<string, number>> | undefined

/** Decides what befalls each call. Switched off, nothing does. */
export class Faults {
  isOn = true
  /** All stores and the queue are away until then. */
  outageUntilMs = 0
  readonly #chance: Chance
  readonly #tally: Tally
  readonly #rates: FaultRates
  readonly #focus: Focus | undefined

  constructor(options: { chance: Chance; tally: Tally; rates: FaultRates; focus?: Focus | undefined }) {
    this.#chance = options.chance
    this.#tally = options.tally
    this.#rates = options.rates
    this.#focus = options.focus
  }

  pick<K extends FaultKind>(kind: K, key: string, nowMs: number, body?: string): FaultOf<K> | undefined {
    if (!this.isOn) return undefined
    if (nowMs < this.outageUntilMs && kind !== 'bell' && kind !== 'launch') {
      return this.#counted(kind, 'unavailable') as FaultOf<K>
    }
    const call = { kind, key, ...(body !== undefined && { body }) }
    const rates = (this.#focus?.(call) ?? this.#rates[kind] ?? {}) as Readonly<Record<string, number>>
    let rest = this.#chance.next()
    for (const [name, rate] of Object.entries(rates)) {
      rest -= rate
      if (rest < 0) return this.#counted(kind, name) as FaultOf<K>
    }
    return undefined
  }

  #counted(kind: string, name: string): string {
    this.#tally.count(`fault ${kind} ${name}`)
    return name
  }
}

/** How long it takes to notice that an answer does not come. */
export const silenceMs = (chance: Chance): number => chance.between(200, 6_000)
