import type { ErrorCode } from '#shared/error-codes.ts'
import { ReelmillError } from '#shared/errors.ts'
import type { EncodeLog } from './encode-log.ts'

/**
 * The true reason of an encode that ffmpeg ended with an error: `how` is how it ended ("exited with code 1"), the log
 * says why. Order matters: the first that fits explains most.
 */
export function encodeError(how: string, log: EncodeLog): ReelmillError {
  const said = [...log.complaints.map(({ text }) => text), log.tail].join('\n')
  const [code, message] =
    reasons.find(({ pattern }) => pattern.test(said) || pattern.test(how))?.says ??
    (log.inputs.length > 0 && log.inputs.every(({ framesDecoded }) => framesDecoded === 0)
      ? (['input-damaged', 'Nothing in the input could be decoded. Upload an intact copy.'] as const)
      : ([
          'encode-failed',
          `ffmpeg failed (${firstLine(how)}). If a repeat fails as well, the input is the likely cause.`,
        ] as const))
  return new ReelmillError(code, message, { facts: { how: firstLine(how), stderr: log.tail } })
}

/** True when ffmpeg said so: it exits with 0 all the same when only the last of an output found no room. */
export const ranOutOfDisk = (log: EncodeLog): boolean => log.complaints.some(({ text }) => NO_ROOM.test(text))

const NO_ROOM = /No space left on device|Disk quota exceeded/

/** In the order of how much each explains. */
const reasons: readonly { readonly pattern: RegExp; readonly says: readonly [ErrorCode, string] }[] = [
  {
    pattern: NO_ROOM,
    says: ['disk-full', "The worker's disk is full. Give workers more space or send smaller inputs."],
  },
  {
    // SIGXFSZ, as a signal or as a shell and the jail report it.
    pattern: /File too large|SIGXFSZ|exited with code 153/,
    says: ['output-too-large', 'An output grew beyond its limit. Lower the bitrate or raise the limit.'],
  },
  {
    pattern: /SIGXCPU|exited with code 152/,
    says: [
      'encode-timeout',
      'The encode used more CPU time than allowed. Use a faster preset or a shorter input.',
    ],
  },
  {
    pattern: /Codec \(.+?\) not on whitelist/,
    says: [
      'input-codec-not-allowed',
      'A stream of the input needs a decoder that is not allowed. Convert it first.',
    ],
  },
  {
    pattern: /exceeds specified max pixel count/,
    says: ['input-too-large', 'The pictures of the input grow larger than allowed. Scale it down first.'],
  },
  {
    pattern: /Cannot determine format of input stream/,
    says: [
      'input-damaged',
      'A stream of the input holds nothing that can be decoded. Upload an intact copy.',
    ],
  },
  {
    pattern:
      /Cannot allocate memory|std::bad_alloc|malloc of size \d+ failed|[Oo]ut of memory|memory exhausted/,
    says: [
      'encode-failed',
      'ffmpeg ran into its limit on memory. Send smaller pictures or fewer outputs, or raise REELMILL_ENCODE_MEMORY.',
    ],
  },
]

const firstLine = (text: string): string => text.split('\n')[0] ?? ''
