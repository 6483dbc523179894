import type { Check, MediaInfo } from '#shared/jobs/shapes.ts'
import type { EncodeLog, OutputAccount } from './encode-log.ts'
import { fraction } from './parse-probe.ts'
import type { EncodePlan, PlannedMovie } from './plan.ts'
import { checkThat } from './verify-output.ts'

/** Two frames at 10 per second, or some packets of sound: what rounding to whole frames and packets can come to. */
const TOLERANCE_SEC = 0.2
/** Clocks of containers are coarse, and counts of broadcast are estimates. */
const TOLERANCE_RATIO = 0.002

/**
 * Compares how long an output became, in frames and in seconds, with what went in. Frames are compared with those that
 * ffmpeg decoded, since none may be lost between decoder and file.
 */
export function lengthChecks(facts: {
  readonly plan: EncodePlan
  readonly planned: PlannedMovie
  readonly found: MediaInfo
  readonly account: readonly OutputAccount[]
  readonly encodeLog: EncodeLog
}): readonly Check[] {
  const { planned, found, account, encodeLog } = facts
  const checks: Check[] = []
  const durationSec = found.durationSec ?? 0
  const expectedSec = planned.durationSec
  if (expectedSec !== undefined) {
    const tolerance = TOLERANCE_SEC + expectedSec * TOLERANCE_RATIO
    checks.push(
      checkThat(
        'duration',
        Math.abs(durationSec - expectedSec) <= tolerance,
        `expected ${expectedSec.toFixed(3)} s within ${tolerance.toFixed(3)}, found ${durationSec.toFixed(3)}`,
      ),
    )
  }
  if (planned.video) {
    const encoded = account.find(({ type }) => type === 'video')?.framesEncoded ?? 0
    const decoded =
      encodeLog.inputs.find(({ stream }) => stream === planned.video?.stream)?.framesDecoded ?? 0
    const cap = fraction(planned.video.capRate)
    const expected = cap === undefined ? decoded : Math.round(videoSec(found) * cap)
    // A frame whose time is already taken is dropped; those of a thinned-out movie are placed anew.
    const slack = Math.max(2, expected * (cap === undefined ? TOLERANCE_RATIO : 0.01))
    checks.push(
      checkThat(
        'video.frames-kept',
        encoded > 0 && Math.abs(encoded - expected) <= slack,
        `${decoded} frames were decoded, ${expected} expected in the output within ${slack.toFixed(1)}, ${encoded} found`,
      ),
    )
  }
  return checks
}

const videoSec = ({ streams }: MediaInfo): number =>
  streams.find(({ type }) => type === 'video')?.durationSec ?? 0
