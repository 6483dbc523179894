import type { Clock } from '#shared/clock.ts'
import type { Chance } from './chance.ts'
import type { Pending, Scheduler } from './scheduler.ts'
import type { Trace } from './trace.ts'

/** What all actors of one run share. */
export interface Stage {
  readonly chance: Chance
  readonly scheduler: Scheduler
  readonly trace: Trace
  /** How long one way over the network takes, in milliseconds. */
  latencyMs(): number
}

export interface Request<T> {
  readonly what: () => string
  readonly signal?: AbortSignal | undefined
  /** What happens at the other side, at one moment. Its promise may only wait for promises. */
  perform(): Promise<T>
  /** Until the answer is known here; for a request without an answer: until that is noticed. */
  readonly answerMs?: number
  /** Called when the actor dies or gives up while the request waits at the other side. */
  readonly onGone?: () => void
}

/** 2026-01-01, in the morning: a run does not cross the days of the expiry hints by accident. */
const WALL_START_MS = Date.UTC(2026, 0, 1, 6)

/**
 * A process of the simulation. Everything it waits for is pending in the scheduler under its name, so it can be
 * killed or paused between any two awaits: a dead actor's promises never settle, so no code of it runs again;
 * a paused one's settle when it wakes, while time and the others go on.
 */
export class Actor {
  readonly name: string
  readonly clock: Clock
  readonly stage: Stage
  pausedUntilMs = 0
  /** How far this machine's wall clock is off. */
  wallOffsetMs = 0
  #dead = false
  readonly #onDeath: (() => void)[] = []
  readonly #onTheWay = new Set<{ pending: Pending; onGone: (() => void) | undefined }>()

  constructor(name: string, stage: Stage) {
    this.name = name
    this.stage = stage
    const { scheduler } = stage
    this.clock = {
      now: () => Math.floor(WALL_START_MS + scheduler.nowMs + this.wallOffsetMs),
      monotonicMs: () => scheduler.nowMs,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    }
  }

  get isDead(): boolean {
    return this.#dead
  }

  get isPaused(): boolean {
    return this.pausedUntilMs > this.stage.scheduler.nowMs
  }

  /** `listener` is called when this actor dies or ends. */
  onDeath(listener: () => void): void {
    this.#onDeath.push(listener)
  }

  /** No code of this actor runs from here on. What it has sent may still arrive, or not. */
  die(): void {
    if (this.#dead) return
    this.#dead = true
    for (const request of this.#onTheWay) {
      if (this.stage.chance.is(0.5)) request.pending.cancelled = true
      if (this.stage.chance.is(0.5)) request.onGone?.()
    }
    for (const listener of this.#onDeath) listener()
  }

  say(what: () => string): void {
    this.stage.trace.say(this.name, what)
  }

  /** Sends a request over the network: it arrives, something happens there, the answer comes back. */
  call<T>(request: Request<T>): Promise<T> {
    const { scheduler, chance, latencyMs } = this.stage
    const { signal } = request
    if (signal?.aborted) return Promise.reject(signal.reason)
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    if (this.#dead) return promise
    let isOver = false
    const finish = (settle: () => void) => {
      if (isOver) return
      isOver = true
      signal?.removeEventListener('abort', onAbort)
      settle()
    }
    const onAbort = () => {
      if (chance.is(0.5)) entry.pending.cancelled = true
      request.onGone?.()
      finish(() => reject(signal?.reason))
    }
    const arrive = async () => {
      this.say(request.what)
      const settle = await request.perform().then(
        (value) => () => resolve(value),
        (error: unknown) => () => reject(error),
      )
      this.#onTheWay.delete(entry)
      if (this.#dead) return
      const answerMs = request.answerMs ?? (chance.is(0.4) ? latencyMs() : 0)
      if (answerMs === 0 && !this.isPaused) finish(settle)
      else scheduler.after(answerMs, this, () => finish(settle))
    }
    const entry = { pending: scheduler.after(latencyMs(), undefined, arrive), onGone: request.onGone }
    this.#onTheWay.add(entry)
    signal?.addEventListener('abort', onAbort, { once: true })
    return promise
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = () => {
      pending.cancelled = true
      reject(signal?.reason)
    }
    const pending = this.stage.scheduler.after(ms, this, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
    return promise
  }
}
