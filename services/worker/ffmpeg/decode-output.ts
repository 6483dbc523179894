import { hasCode, ReelmillError } from '#shared/errors.ts'
import type { Check, MediaInfo } from '#shared/jobs/shapes.ts'
import { checkThat } from './check-that.ts'
import { type EncodeCommand, NOWHERE } from './command.ts'
import type { EncodeLog } from './encode-log.ts'
import { inputGuards } from './guards.ts'
import type { EncodeLimits } from './limits.ts'
import type { ProbeContext } from './probe-context.ts'
import { runEncode } from './run-encode.ts'
import { undecodedSlack } from './verify-input.ts'

/**
 * Decodes a movie that was made from its first to its last frame, and says in checks whether the decoders had
 * anything to say and whether each packet gave its frame. It sees damage inside of packets, which counting them does
 * not; a flipped bit that still decodes is another picture, and nobody can tell.
 *
 * Rejects with the signal's reason, `encode-stalled`, `encode-timeout`, `disk-full` or `internal`.
 */
export async function decodeOutput(
  context: ProbeContext,
  file: string,
  { streams }: Pick<MediaInfo, 'streams'>,
): Promise<readonly Check[]> {
  const decoded = await decode(context, file)
  if (decoded instanceof ReelmillError) return [checkThat('decode.whole', false, decoded.message)]
  const [first] = decoded.complaints
  return [
    // Down to warnings: a picture that was patched up is one ("corrupt decoded frame").
    checkThat('decode.silent', first === undefined, first?.text ?? ''),
    ...streams.map((stream) => {
      const frames = decoded.inputs.find((account) => account.stream === stream.index)?.framesDecoded
      const missing = stream.packetCount === undefined ? undefined : stream.packetCount - (frames ?? 0)
      return checkThat(
        `decode.${stream.type}-frames`,
        missing !== undefined && missing >= 0 && missing <= undecodedSlack(stream),
        `${frames ?? 'no'} frames of ${stream.packetCount ?? 'an unknown number of'} packets`,
      )
    }),
  ]
}

// These say nothing of the file.
const undecided = ['encode-stalled', 'encode-timeout', 'disk-full', 'internal'] as const

/** What ffmpeg says of the decode, or the error by which it shows that the file cannot be decoded. */
async function decode(context: ProbeContext, file: string): Promise<EncodeLog | ReelmillError> {
  try {
    return await runEncode(decodeCommand(file, context.limits), { ...context, onProgress: () => undefined })
  } catch (error) {
    if (
      context.signal.aborted ||
      undecided.some((code) => hasCode(error, code)) ||
      !(error instanceof ReelmillError)
    )
      throw error
    return error
  }
}

/** The whole command line: `-f null -` with the account of frames, under the guards of a foreign file. */
export const decodeCommand = (file: string, limits: EncodeLimits): EncodeCommand => ({
  inputOptions: [
    ...['-nostdin', '-hide_banner', '-v', '+level+verbose', '-nostats'],
    ...['-stats_period', '0.5', '-progress', 'pipe:2'],
    ...inputGuards(limits),
  ],
  inputPath: file,
  outputs: [
    {
      // With the file's own clock: rounded to a mean frame rate, uneven frames would collide, and be complained of.
      options: ['-map', '0', '-enc_time_base', '-1', '-f', 'null'],
      path: NOWHERE,
    },
  ],
})
