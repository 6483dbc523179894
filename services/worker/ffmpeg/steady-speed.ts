/** Seconds after its start in which ffmpeg fills its encoders' look-ahead, and runs away from what comes out later. */
const FILLING_SEC = 1
/** The shortest time over which a speed says something. */
const MEASURED_SEC = 2

/**
 * Seconds of movie encoded per second, once it means something. ffmpeg's own `speed` is the mean since its start,
 * which in its first report, of some milliseconds, was 40 for an encode that ran at 2. This one leaves the start out:
 * it is absent at first, and then the mean since.
 */
export class SteadySpeed {
  #from: { readonly atSec: number; readonly outTimeSec: number } | undefined

  /** Takes what a report of ffmpeg's progress says. */
  next(outTimeSec: number | undefined, speed: number | undefined): number | undefined {
    if (outTimeSec === undefined || speed === undefined || speed <= 0) return undefined
    const atSec = outTimeSec / speed
    if (atSec < FILLING_SEC) return undefined
    this.#from ??= { atSec, outTimeSec }
    const [measuredSec, madeSec] = [atSec - this.#from.atSec, outTimeSec - this.#from.outTimeSec]
    return measuredSec >= MEASURED_SEC && madeSec > 0 ? madeSec / measuredSec : undefined
  }
}
