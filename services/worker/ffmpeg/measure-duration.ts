import { inputGuards } from './guards.ts'
import { pasteable } from './pasteable.ts'
import type { ProbeContext } from './probe-context.ts'
import { runTool } from './run-tool.ts'

/**
 * Reads a movie once without decoding it and returns where its last packet ends, in seconds; `undefined` when there
 * is none. For containers whose header does not say (WebM from a browser, FLV from a recorder).
 */
export async function measureDuration(context: ProbeContext, inputPath: string): Promise<number | undefined> {
  const args = measureArguments(context.limits, inputPath)
  context.log.debug(
    { command: pasteable(context.jail.ffmpegPath, args) },
    'ffmpeg measures how long the input is',
  )
  const { stdout } = await runTool(context.jail.ffmpegPath, args, {
    timeoutMs: context.limits.probeTimeoutMs,
    signal: context.signal,
  })
  const last = stdout.match(/^out_time_us=(\d+)$/gm)?.at(-1)
  const durationSec = Number(last?.split('=')[1] ?? 0) / 1e6
  return durationSec > 0 ? durationSec : undefined
}

/** The whole command line. */
export const measureArguments = (limits: ProbeContext['limits'], inputPath: string): readonly string[] => [
  ...['-nostdin', '-hide_banner', '-nostats', '-v', 'error', '-progress', 'pipe:1'],
  ...inputGuards(limits),
  ...['-i', inputPath],
  ...[
    '-map',
    '0:V?',
    '-map',
    '0:a?',
    '-c',
    'copy',
    '-t',
    String(limits.maxDurationSec + 1),
    '-f',
    'null',
    '-',
  ],
]
