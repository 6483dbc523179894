import { probeGuards } from './guards.ts'
import type { EncodeLimits } from './limits.ts'
import { pasteable } from './pasteable.ts'
import type { ProbeContext } from './probe-context.ts'
import { runTool } from './run-tool.ts'

/** Packets of a stream that rightly give no frame. */
export interface ExcusedPackets {
  /** Those that nobody can decode since the keyframe before them is not in the file (a recording that began late). */
  readonly beforeFirstKeyframe: number
  /** Those that an edit list hides. */
  readonly hidden: number
}

/** Reads the flags of all packets of a stream. Costs a pass over the file: for when frames are missing. */
export async function excusedPackets(
  context: ProbeContext,
  inputPath: string,
  stream: number,
): Promise<ExcusedPackets> {
  const args = flagArguments(context.limits, inputPath, stream)
  context.log.debug({ command: pasteable(context.jail.ffprobePath, args) }, 'ffprobe looks at the packets')
  const { stdout } = await runTool(context.jail.ffprobePath, args, {
    timeoutMs: Math.max(context.limits.probeTimeoutMs, 600_000),
    signal: context.signal,
  })
  return countExcused(stdout)
}

/** The same of ffprobe's compact output: pure. */
export function countExcused(stdout: string): ExcusedPackets {
  const packets = [...stdout.matchAll(/^packet\|pts_time=([^|]*)\|flags=(.)(.)/gm)].map(
    ([, pts, key, discard]) => ({ ptsSec: Number(pts), key: key === 'K', discard: discard === 'D' }),
  )
  const hidden = packets.filter(({ discard }) => discard).length
  const firstKey = packets.findIndex(({ key }) => key)
  if (firstKey === -1) return { beforeFirstKeyframe: 0, hidden }
  const keySec = packets[firstKey]?.ptsSec ?? 0
  const nextKey = packets.findIndex(({ key }, index) => key && index > firstKey)
  // Those that follow the keyframe but are shown before it refer to pictures before it (an open group).
  const leading = packets
    .slice(firstKey + 1, nextKey === -1 ? undefined : nextKey)
    .filter(({ ptsSec, discard }) => ptsSec < keySec && !discard)
  return { beforeFirstKeyframe: firstKey + leading.length, hidden }
}

/** The whole command line. */
export const flagArguments = (limits: EncodeLimits, inputPath: string, stream: number): readonly string[] => [
  ...['-v', 'error', '-hide_banner'],
  ...probeGuards(limits),
  ...['-select_streams', String(stream)],
  ...['-show_entries', 'packet=pts_time,flags', '-of', 'compact'],
  ...['-i', inputPath],
]
