import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** How long a movie is, in seconds, as its container says. */
export interface MovieLengths {
  readonly wholeSec: number
  /** Each stream's kind (`video`, `audio`, ...) and when it ends; `undefined` where the container does not tell. */
  readonly ends: readonly { readonly kind: string; readonly sec: number | undefined }[]
}

export async function lengthsOf(file: string, signal: AbortSignal): Promise<MovieLengths> {
  const entries = 'format=duration,start_time:stream=codec_type,duration,start_time'
  const args = ['-v', 'error', '-of', 'json', '-show_entries', entries, file]
  const { stdout } = await promisify(execFile)('ffprobe', args, { signal })
  const { format, streams } = JSON.parse(stdout) as {
    readonly format: Times
    readonly streams: readonly (Times & { readonly codec_type: string })[]
  }
  return {
    wholeSec: Number(format.duration),
    ends: streams.map(({ codec_type: kind, duration, start_time }) => ({
      kind,
      sec:
        duration === undefined
          ? undefined
          : Number(duration) + Number(start_time ?? 0) - Number(format.start_time ?? 0),
    })),
  }
}

/**
 * How long an output with streams of these kinds must be: sound may end before the picture does. `undefined` when the
 * container does not tell, which Matroska does of the whole alone. Pure.
 */
export function lengthOf({ wholeSec, ends }: MovieLengths, kinds: readonly string[]): number | undefined {
  const used = ends.filter(({ kind }) => kinds.includes(kind)).map(({ sec }) => sec)
  const known = used.filter((sec) => sec !== undefined)
  if (known.length === used.length && known.length > 0) return Math.max(...known)
  const played = ends.filter(({ kind }) => kind === 'video' || kind === 'audio')
  return played.every(({ kind }) => kinds.includes(kind)) ? wholeSec : undefined
}

interface Times {
  readonly duration?: string
  readonly start_time?: string
}
