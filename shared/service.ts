import type { Log } from '#shared/log.ts'

/** One part of a service that has a beginning and an end. */
export interface ServicePart {
  readonly name: string
  /** Stop taking new work. Called for every part, in the order of their start, before any is closed. */
  stopTaking?(): void | Promise<void>
  /** Finish what is under way, or hand it back; the signal is aborted when the time for that is over. */
  finish?(deadline: AbortSignal): Promise<void>
  /** Release what is held. Called in reverse order of start. */
  close?(): void | Promise<void>
}

/**
 * Runs until a signal asks to stop, then stops in order: stop taking, finish or hand back, close.
 *
 * States: starting -> ready -> stopping -> stopped. SIGTERM or SIGINT begins `stopping`; a second one means
 * now and exits with 1 without waiting. A part that fails to stop is logged, and the others still stop.
 */
export class Service {
  readonly #parts: ServicePart[] = []
  readonly #log: Log
  readonly #graceMs: number
  readonly #stopping = new AbortController()
  #stopped: Promise<void> | undefined

  constructor(options: { readonly log: Log; readonly graceMs: number }) {
    this.#log = options.log
    this.#graceMs = options.graceMs
  }

  /** Aborted as soon as the service begins to stop. */
  get stopping(): AbortSignal {
    return this.#stopping.signal
  }

  add(part: ServicePart): void {
    this.#parts.push(part)
  }

  /** Stops all parts in order. Safe to call twice: the second call waits for the first. */
  stop(reason: string): Promise<void> {
    this.#stopped ??= this.#stop(reason)
    return this.#stopped
  }

  /** Handles SIGTERM and SIGINT; resolves when the service has stopped. */
  async untilStopped(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let signals = 0
    const onSignal = (signal: NodeJS.Signals) => {
      if (++signals > 1) process.exit(1)
      this.stop(`received ${signal}`).then(resolve, reject)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
    const onStopping = () => this.#stopped?.then(resolve, reject)
    if (this.#stopped) void onStopping()
    else this.#stopping.signal.addEventListener('abort', onStopping)
    try {
      await promise
    } finally {
      process.off('SIGTERM', onSignal)
      process.off('SIGINT', onSignal)
    }
  }

  async #stop(reason: string): Promise<void> {
    this.#log.info({ reason, graceMs: this.#graceMs }, 'stopping')
    await Promise.resolve() // so that #stopped is set before those who listen to `stopping` ask for it
    this.#stopping.abort(new Error(`the service is stopping: ${reason}`))
    const deadline = AbortSignal.timeout(this.#graceMs)
    await this.#each('stop taking', this.#parts, (part) => part.stopTaking?.())
    // A part that does not finish in its time is left behind: a process that never ends helps nobody.
    const over = new Promise<never>((_, reject) =>
      deadline.addEventListener('abort', () => reject(deadline.reason), { once: true }),
    )
    over.catch(() => undefined) // nobody listens when all have finished in time
    await this.#each('finish', this.#parts, (part) =>
      part.finish ? Promise.race([part.finish(deadline), over]) : undefined,
    )
    for (const part of this.#parts.toReversed()) await this.#each('close', [part], (p) => p.close?.())
    this.#log.info({}, 'stopped')
  }

  async #each(
    step: string,
    parts: readonly ServicePart[],
    act: (part: ServicePart) => void | Promise<void> | undefined,
  ): Promise<void> {
    await Promise.all(
      parts.map(async (part) => {
        try {
          await act(part)
        } catch (error) {
          this.#log.error({ part: part.name, step, err: error }, 'a part failed to stop')
        }
      }),
    )
  }
}
