import type { MediaInfo, Stream } from '#shared/jobs/shapes.ts'
import type { InputAccount } from './encode-log.ts'
import type { JudgedComplaint } from './judge-complaints.ts'

/** Something of the input that did not make it into the outputs. */
export interface Loss {
  readonly code: 'input-truncated' | 'input-damaged'
  readonly message: string
  readonly count?: number
}

// An index may count packets that an edit list, a cut at the end or priming samples take away again.
const INDEX_TOLERANCE = 0.005
const INDEX_SLACK_PACKETS = 2

/**
 * Compares what ffmpeg read and decoded with what the container says it holds: exit codes and durations miss half of
 * all damage. `used` are the streams that an output took whole.
 */
export function lossesOf(facts: {
  readonly info: MediaInfo
  readonly missingBytes: number
  readonly used: readonly number[]
  readonly account: readonly InputAccount[]
  readonly complaints: readonly JudgedComplaint[]
  /** Frames at the start that had no keyframe before them and cannot be decoded. */
  readonly undecodableStart: number
}): readonly Loss[] {
  const { info, used, account } = facts
  const losses: Loss[] = []
  if (facts.missingBytes > 0) {
    losses.push({
      code: 'input-truncated',
      message: `The input ends ${facts.missingBytes} bytes before its own structure says.`,
    })
  }
  for (const index of used) {
    const stream = info.streams.find((candidate) => candidate.index === index)
    const read = account.find((candidate) => candidate.stream === index)
    if (!stream) continue
    const { packetsRead = 0, framesDecoded = 0 } = read ?? {}
    losses.push(...missingPackets(stream, packetsRead))
    losses.push(...undecoded(stream, packetsRead, framesDecoded + facts.undecodableStart))
  }
  const damage = facts.complaints.filter(({ verdict }) => verdict === 'damage')
  if (damage.length > 0) {
    losses.push({
      code: 'input-damaged',
      message: `Parts of the input could not be read or decoded, for example: ${damage[0]?.text}`,
      count: damage.reduce((sum, { count }) => sum + count, 0),
    })
  }
  return losses
}

function missingPackets(stream: Stream, packetsRead: number): readonly Loss[] {
  const { packetCount } = stream
  if (packetCount === undefined || packetCount === 0) return []
  const missing = packetCount - packetsRead
  if (missing <= Math.max(INDEX_SLACK_PACKETS, packetCount * INDEX_TOLERANCE)) return []
  return [
    {
      code: 'input-truncated',
      message: `The input's index lists ${packetCount} packets of ${stream.type}, and only ${packetsRead} are there.`,
      count: missing,
    },
  ]
}

function undecoded(stream: Stream, packetsRead: number, framesDecoded: number): readonly Loss[] {
  const missing = packetsRead - framesDecoded
  // The first packet of some sound codecs only primes the decoder.
  const slack = stream.type === 'audio' ? INDEX_SLACK_PACKETS : 1
  if (missing <= slack) return []
  return [
    {
      code: 'input-damaged',
      message: `${missing} of ${packetsRead} packets of ${stream.type} in the input could not be decoded.`,
      count: missing,
    },
  ]
}
