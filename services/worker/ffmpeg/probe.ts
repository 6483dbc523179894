import type { ErrorCode } from '#shared/error-codes.ts'
import { ReelmillError } from '#shared/errors.ts'
import type { Log } from '#shared/log.ts'
import { probeGuards } from './guards.ts'
import type { Jail } from './jail.ts'
import type { EncodeLimits } from './limits.ts'
import { measureDuration } from './measure-duration.ts'
import { type Mp4Layout, readMp4Layout } from './mp4-boxes.ts'
import { type Probed, parseProbe } from './parse-probe.ts'
import { pasteable } from './pasteable.ts'
import { runTool, type ToolResult } from './run-tool.ts'
import { type Sniffed, sniffFile } from './sniff.ts'

export interface ProbeContext {
  readonly jail: Jail
  readonly limits: EncodeLimits
  readonly log: Log
  readonly signal: AbortSignal
}

/** An input that may be encoded, and what is known to be wrong with it before anything was decoded. */
export interface ProbedInput extends Probed {
  /** Bytes that the container says it has and the file has not; 0 when it is whole or does not say. */
  readonly missingBytes: number
}

/**
 * Finds out what a foreign file is. Its name means nothing. Throws a `ReelmillError` with one of the `input-*` codes,
 * each with a sentence for the sender; `encode-timeout` or `encode-failed` when ffprobe itself did not come through.
 */
export async function probeInput(context: ProbeContext, inputPath: string): Promise<ProbedInput> {
  const { limits } = context
  refuse(await sniffFile(inputPath))
  const layout = await readMp4Layout(inputPath)
  if (layout && !layout.boxes.some((box) => box.type === 'moov')) throw withoutIndex(layout)

  const args = probeArguments(limits, inputPath)
  context.log.debug({ command: pasteable(context.jail.ffprobePath, args) }, 'ffprobe looks at the input')
  const result = await runTool(context.jail.ffprobePath, args, {
    timeoutMs: limits.probeTimeoutMs,
    signal: context.signal,
  })
  if (result.exitCode !== 0) throw probeError(result, limits, layout !== undefined)
  // ffprobe goes on without a stream whose pictures it refused, and so would we.
  if (oversized.pattern.test(result.stderr)) throw bad(oversized.code, oversized.message)
  const probed = await withDuration(context, inputPath, readOutput(result))
  checkLimits(probed, limits)
  return { ...probed, missingBytes: layout?.missingBytes ?? 0 }
}

/** The whole command line of a probe of a foreign file. */
export const probeArguments = (limits: EncodeLimits, inputPath: string): readonly string[] => [
  ...['-v', 'error', '-hide_banner'],
  ...probeGuards(limits),
  ...['-show_format', '-show_streams', '-of', 'json'],
  ...['-i', inputPath],
]

function refuse(sniffed: Sniffed): void {
  switch (sniffed) {
    case 'empty':
      throw bad('input-empty', 'The input has no bytes. Upload a movie that is not empty.')
    case 'playlist':
      throw bad(
        'input-format-not-allowed',
        'The input is a playlist or script, which points to other files. Send the movie itself.',
      )
    case 'picture':
      throw bad(
        'input-format-not-allowed',
        'The input is a picture, not a movie. Send a movie or sound file.',
      )
    case 'document':
      throw bad(
        'input-not-media',
        'The input is a document, an archive or a program. Send a movie or sound file.',
      )
    case 'text':
      throw bad('input-not-media', 'The input is text. Send a movie or sound file.')
    case 'unknown':
      return
    default:
      throw sniffed satisfies never
  }
}

function withoutIndex(layout: Mp4Layout): ReelmillError {
  return bad(
    'input-truncated',
    `The input is an MP4 or MOV without its index (the moov box), which such files often have at their end: it was cut, or its recording never finished. Upload it whole.`,
    { boxes: layout.boxes.map((box) => box.type).slice(0, 20), missingBytes: layout.missingBytes },
  )
}

interface Explanation {
  readonly pattern: RegExp
  readonly code: ErrorCode
  readonly message: string
}

const oversized: Explanation = {
  pattern: /exceeds specified max pixel count|Picture size .* is invalid|Dimensions .* are too large/,
  code: 'input-too-large',
  message:
    'The pictures of the input are larger than allowed. Scale it down, or ask the operator to raise the limit.',
}

/** What ffprobe's stderr says, in the order of how much each line explains. Facts from ffmpeg 5.1 to 7. */
const explanations: readonly Explanation[] = [
  {
    pattern: /Codec \((.+?)\) not on whitelist/,
    code: 'input-codec-not-allowed',
    message:
      'A stream of the input needs the decoder $1, which is not on the list of allowed ones. Convert it first.',
  },
  {
    pattern: /\[(.+?) @ .*Format not on whitelist|Format not on whitelist/,
    code: 'input-format-not-allowed',
    message:
      'The input is of the format $1, which is not on the list of allowed ones. Send a common movie file.',
  },
  oversized,
  {
    pattern: /exceeds max_streams/,
    code: 'input-too-large',
    message: 'The input has more streams than allowed. Send only those that are needed.',
  },
  {
    pattern: /moov atom not found/,
    code: 'input-truncated',
    message: 'The index (the moov box) of the input is missing or cut. Upload it whole.',
  },
  {
    pattern: /Invalid data found|could not find codec parameters|End of file/i,
    code: 'input-not-media',
    message: 'No movie was recognised in the input. Check that it plays, and send a common movie file.',
  },
]

function probeError(result: ToolResult, limits: EncodeLimits, isMp4: boolean): ReelmillError {
  const facts = { stderr: result.stderr.slice(0, 2000) }
  if (result.timedOut) {
    return new ReelmillError(
      'encode-timeout',
      `Looking at the input took longer than ${limits.probeTimeoutMs / 1000} s. It is damaged or made to take long; send another copy.`,
      { facts },
    )
  }
  for (const { pattern, code, message } of explanations) {
    const found = pattern.exec(result.stderr)
    // ffprobe takes all kinds of bytes for an MP4 without an index.
    if (found && code === 'input-truncated' && !isMp4) continue
    if (found) return bad(code, message.replace('$1', found[1] ?? 'another kind'), facts)
  }
  return new ReelmillError(
    'encode-failed',
    `ffprobe ${result.killedBy ? `was ended by ${result.killedBy}` : `exited with ${result.exitCode}`} on the input. If a repeat fails as well, the input is the cause.`,
    { facts },
  )
}

function readOutput(result: ToolResult): Probed {
  try {
    return parseProbe(result.stdout)
  } catch (cause) {
    throw new ReelmillError(
      'encode-failed',
      'ffprobe answered with something that is not its JSON. Check its version.',
      {
        cause,
        facts: { stdout: result.stdout.slice(0, 500) },
      },
    )
  }
}

async function withDuration(context: ProbeContext, inputPath: string, probed: Probed): Promise<Probed> {
  const { info } = probed
  // An MP4 without a single frame has no streams in ffprobe's eyes.
  if (info.streams.length === 0) throw noDuration()
  const playable = info.streams.filter(isPlayable)
  if (playable.length === 0) {
    throw bad(
      'input-not-media',
      'The input has neither pictures nor sound that can be read. Send a movie or sound file.',
    )
  }
  if (info.durationSec !== undefined) return probed
  if (playable.every((stream) => stream.packetCount === 0)) throw noDuration()
  // Browsers and cameras that record into WebM or FLV never go back to write how long it became.
  const durationSec = await measureDuration(context, inputPath)
  if (durationSec === undefined) throw noDuration()
  return { ...probed, info: { ...info, durationSec } }
}

/** Pictures in motion or sound: what an output can be made of. */
export const isPlayable = (stream: { type: string; attachedPicture?: boolean | undefined }): boolean =>
  (stream.type === 'video' && !stream.attachedPicture) || stream.type === 'audio'

function checkLimits({ info }: Probed, limits: EncodeLimits): void {
  const tooLarge = (what: string, facts: Record<string, unknown>) =>
    bad('input-too-large', `${what} Send a smaller input, or ask the operator to raise the limit.`, facts)
  if (info.streams.length > limits.maxStreams) {
    throw tooLarge(`The input has more than ${limits.maxStreams} streams.`, { streams: info.streams.length })
  }
  for (const { index, width = 0, height = 0 } of info.streams) {
    if (width * height > limits.maxPixels) {
      throw tooLarge(
        `Stream ${index} has pictures of ${width} x ${height}; ${limits.maxPixels} pixels are allowed.`,
        {
          width,
          height,
        },
      )
    }
  }
  if ((info.durationSec ?? 0) > limits.maxDurationSec) {
    throw tooLarge(`The input is ${info.durationSec} s long; ${limits.maxDurationSec} s are allowed.`, {
      durationSec: info.durationSec,
    })
  }
}

const noDuration = () =>
  bad(
    'input-no-duration',
    'The input is zero seconds long. Send a movie with at least one frame of duration.',
  )

const bad = (code: ErrorCode, message: string, facts: Record<string, unknown> = {}) =>
  new ReelmillError(code, message, { facts })
