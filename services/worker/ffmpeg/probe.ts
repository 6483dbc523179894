import { ReelmillError } from '#shared/errors.ts'
import { probeGuards } from './guards.ts'
import type { EncodeLimits } from './limits.ts'
import { measureDuration } from './measure-duration.ts'
import { type Mp4Layout, readMp4Layout } from './mp4-boxes.ts'
import { endsLikeOgg } from './ogg-end.ts'
import { type Probed, parseProbe } from './parse-probe.ts'
import { pasteable } from './pasteable.ts'
import type { ProbeContext } from './probe-context.ts'
import { probeEntries } from './probe-entries.ts'
import { bad, oversized, probeError } from './probe-error.ts'
import { runTool, type ToolResult } from './run-tool.ts'
import { type Sniffed, sniffFile } from './sniff.ts'
import { endsLikeTransportStream } from './transport-stream-end.ts'

/** An input that may be encoded, and what is known to be wrong with it before anything was decoded. */
export interface ProbedInput extends Probed {
  /** A sentence, when the file ends before its own structure says. */
  readonly cutShort?: string
}

/**
 * Finds out what a foreign file is. Its name means nothing. Throws a `ReelmillError` with one of the `input-*` codes,
 * each with a sentence for the sender; `encode-timeout` or `encode-failed` when ffprobe itself did not come through.
 */
export async function probeInput(context: ProbeContext, inputPath: string): Promise<ProbedInput> {
  const { limits } = context
  refuse(await sniffFile(inputPath))
  const layout = await readMp4Layout(inputPath)
  const cutShort = await sayCutShort(inputPath, layout)
  if (layout && !layout.boxes.some((box) => box.type === 'moov')) throw withoutIndex(layout)

  const args = probeArguments(limits, inputPath)
  context.log.debug({ command: pasteable(context.jail.ffprobePath, args) }, 'ffprobe looks at the input')
  const result = await runTool(context.jail.ffprobePath, args, {
    timeoutMs: limits.probeTimeoutMs,
    signal: context.signal,
  })
  if (result.exitCode !== 0) throw probeError(result, limits, { isMp4: layout !== undefined, cutShort })
  // ffprobe goes on without a stream whose pictures it refused, and so would we.
  if (oversized.pattern.test(result.stderr)) throw bad(oversized.code, oversized.message)
  const found = readOutput(result)
  if (found.info.streams.length === 0) throw withoutStreams(layout)
  const probed = await withDuration(context, inputPath, found)
  checkLimits(probed, limits)
  return { ...probed, ...(cutShort && { cutShort }) }
}

/** The whole command line of a probe of a foreign file. */
export const probeArguments = (limits: EncodeLimits, inputPath: string): readonly string[] => [
  ...['-v', 'error', '-hide_banner'],
  ...probeGuards(limits),
  ...probeEntries,
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

async function sayCutShort(inputPath: string, layout: Mp4Layout | undefined): Promise<string | undefined> {
  if (layout) {
    return layout.missingBytes > 0
      ? `The input ends ${layout.missingBytes} bytes before its own structure says: it was cut.`
      : undefined
  }
  if ((await endsLikeOgg(inputPath)) === false)
    return 'The input ends without the mark that ends an Ogg file: it was cut.'
  if ((await endsLikeTransportStream(inputPath)) === false)
    return 'The input ends in the middle of a packet of its transport stream: it was cut.'
  return undefined
}

/** An MP4 without a single frame has no streams in ffprobe's eyes; one with media must have had some. */
function withoutStreams(layout: Mp4Layout | undefined): ReelmillError {
  const media = layout?.boxes.find(({ type }) => type === 'mdat')
  return media && media.sizeBytes > 16
    ? bad(
        'input-damaged',
        'The index of the input (its moov box) is damaged: it names no streams. Upload an intact copy.',
      )
    : noDuration()
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
