/** Under npm one Ctrl-C arrives twice (from the terminal and from npm); only a later one is a second one. */
const SAME_KEYSTROKE_MS = 500

/**
 * Aborted at the first SIGINT, SIGTERM or SIGHUP, with the signal's name as the reason. A second one calls `now`, for
 * those who do not want to wait for an orderly end.
 */
export function stopSignals(now: () => void): AbortSignal {
  const controller = new AbortController()
  let firstAtMs = 0
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (!controller.signal.aborted) {
        firstAtMs = performance.now()
        controller.abort(new StoppedBySignal(name))
      } else if (performance.now() - firstAtMs > SAME_KEYSTROKE_MS) {
        now()
      }
    })
  }
  return controller.signal
}

/** The reason of the signal above: no failure, somebody asked. */
export class StoppedBySignal extends Error {
  override readonly name = 'StoppedBySignal'
  readonly exitCode: number

  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(`stopped by ${signal}`)
    this.exitCode = 128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal]
  }
}
