import type { Check, MediaInfo } from '#shared/jobs/shapes.ts'
import { checkThat } from './check-that.ts'
import type { EncodeLog, OutputAccount } from './encode-log.ts'
import type { PlannedMovie, PlannedVideo } from './encode-plan.ts'
import { fraction } from './parse-probe.ts'

/** Two frames at 10 per second, or some packets of sound: what rounding to whole frames and packets can come to. */
const TOLERANCE_SEC = 0.2
/** Clocks of containers are coarse, and lengths of broadcast are estimates. */
const TOLERANCE_RATIO = 0.002

/** By how much something of `lengthSec` may be shorter or longer, in seconds. */
export const toleranceSec = (lengthSec: number): number => TOLERANCE_SEC + lengthSec * TOLERANCE_RATIO

/**
 * Compares how long an output became, in frames and in seconds, with what went in. Frames are compared with those that
 * ffmpeg decoded, since none may be lost between decoder and file.
 */
export function lengthChecks(facts: {
  readonly planned: PlannedMovie
  readonly found: MediaInfo
  readonly account: readonly OutputAccount[]
  readonly encodeLog: EncodeLog
}): readonly Check[] {
  const { planned, found, account, encodeLog } = facts
  const checks: Check[] = []
  const { durationSec = 0 } = found
  if (planned.expects) {
    const { minSec, maxSec } = planned.expects
    const isLong = durationSec >= minSec - toleranceSec(minSec)
    const isShort = durationSec <= maxSec + toleranceSec(maxSec)
    checks.push(
      checkThat(
        'duration',
        isLong && isShort,
        `expected ${minSec.toFixed(3)} to ${maxSec.toFixed(3)} s, found ${durationSec.toFixed(3)}`,
      ),
    )
  }
  if (planned.video) checks.push(framesKept(planned.video, found, account, encodeLog))
  return checks
}

// A filter that is built anew when pictures change their size may lose what it held.
const UNEXPLAINED_FRAMES = 2

function framesKept(
  video: PlannedVideo,
  found: MediaInfo,
  account: readonly OutputAccount[],
  encodeLog: EncodeLog,
): Check {
  const encoded = account.find(({ type }) => type === 'video')?.framesEncoded ?? 0
  const decoded = encodeLog.inputs.find(({ stream }) => stream === video.stream)?.framesDecoded ?? 0
  const cap = fraction(video.capRate)
  const expected = cap === undefined ? decoded : Math.round(videoSec(found) * cap)
  // A frame whose time is already taken is dropped, and ffmpeg says how often; a movie that is thinned out is placed
  // anew.
  const slack =
    UNEXPLAINED_FRAMES +
    (cap === undefined ? Math.min(encodeLog.droppedFrames, expected * TOLERANCE_RATIO) : expected * 0.01)
  const lost = Math.abs(encoded - expected)
  return {
    name: 'video.frames-kept',
    result: encoded === 0 || lost > slack ? 'failed' : lost > 0 && cap === undefined ? 'warned' : 'passed',
    detail: `${decoded} frames were decoded, ${expected} expected in the output, ${encoded} found`,
  }
}

const videoSec = ({ streams }: MediaInfo): number =>
  streams.find(({ type }) => type === 'video')?.durationSec ?? 0
