import type { ErrorCode } from '#shared/error-codes.ts'
import { ReelmillError } from '#shared/errors.ts'
import type { EncodeLimits } from './limits.ts'
import type { ToolResult } from './run-tool.ts'

interface Explanation {
  readonly pattern: RegExp
  readonly code: ErrorCode
  readonly message: string
}

export const oversized: Explanation = {
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

/** The true reason why ffprobe refused an input, by what it said. */
export function probeError(
  result: ToolResult,
  limits: EncodeLimits,
  known: { readonly isMp4: boolean; readonly cutShort: string | undefined },
): ReelmillError {
  const facts = { stderr: result.stderr.slice(0, 2000) }
  if (result.timedOut) {
    return new ReelmillError(
      'encode-timeout',
      `Looking at the input took longer than ${limits.probeTimeoutMs / 1000} s. It is damaged or made to take long; send another copy.`,
      { facts },
    )
  }
  if (result.overflowed) {
    return bad(
      'input-too-large',
      'What the input says of itself, such as the language of a stream, is longer than any movie needs. Strip its metadata.',
    )
  }
  for (const { pattern, code, message } of explanations) {
    const found = pattern.exec(result.stderr)
    // ffprobe takes all kinds of bytes for an MP4 without an index.
    if (found && code === 'input-truncated' && !known.isMp4) continue
    if (found && code === 'input-not-media' && known.cutShort)
      return bad('input-truncated', `${known.cutShort} Upload it whole.`, facts)
    if (found) return bad(code, message.replace('$1', found[1] ?? 'another kind'), facts)
  }
  return new ReelmillError(
    'encode-failed',
    `ffprobe ${result.killedBy ? `was ended by ${result.killedBy}` : `exited with ${result.exitCode}`} on the input. If a repeat fails as well, the input is the cause.`,
    { facts },
  )
}

/** An error about an input. */
export const bad = (code: ErrorCode, message: string, facts: Record<string, unknown> = {}) =>
  new ReelmillError(code, message, { facts })
