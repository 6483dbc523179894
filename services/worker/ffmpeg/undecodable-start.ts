import { probeGuards } from './guards.ts'
import type { EncodeLimits } from './limits.ts'
import { pasteable } from './pasteable.ts'
import type { ProbeContext } from './probe.ts'
import { runTool } from './run-tool.ts'

// Broadcasters send a keyframe every few seconds; a recording that began just after one waits for the next.
const LOOK_SEC = 20

/**
 * Counts the packets at the start of a video stream that nobody can decode because the keyframe before them is not in
 * the file: those before the first keyframe, and those that follow it but are shown before it (open GOP).
 */
export async function undecodableStart(
  context: ProbeContext,
  inputPath: string,
  stream: number,
): Promise<number> {
  const args = startArguments(context.limits, inputPath, stream)
  context.log.debug(
    { command: pasteable(context.jail.ffprobePath, args) },
    'ffprobe looks for the first keyframe',
  )
  const { stdout } = await runTool(context.jail.ffprobePath, args, {
    timeoutMs: context.limits.probeTimeoutMs,
    signal: context.signal,
  })
  const packets = [...stdout.matchAll(/^packet\|pts_time=([^|]*)\|flags=(.)/gm)].map(([, pts, flag]) => ({
    ptsSec: Number(pts),
    key: flag === 'K',
  }))
  const firstKey = packets.findIndex(({ key }) => key)
  if (firstKey === -1) return 0
  const keySec = packets[firstKey]?.ptsSec ?? 0
  const next = packets.findIndex(({ key }, index) => key && index > firstKey)
  const leading = packets
    .slice(firstKey + 1, next === -1 ? undefined : next)
    .filter(({ ptsSec }) => ptsSec < keySec).length
  return firstKey + leading
}

/** The whole command line. */
export const startArguments = (
  limits: EncodeLimits,
  inputPath: string,
  stream: number,
): readonly string[] => [
  ...['-v', 'error', '-hide_banner'],
  ...probeGuards(limits),
  ...['-select_streams', String(stream), '-read_intervals', `%+${LOOK_SEC}`],
  ...['-show_entries', 'packet=pts_time,flags', '-of', 'compact'],
  ...['-i', inputPath],
]
