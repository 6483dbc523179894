import type { MediaInfo, Stream } from '#shared/jobs/shapes.ts'
import type { InputAccount } from './encode-log.ts'
import type { PlannedMovie } from './encode-plan.ts'
import { isLostSync, type JudgedComplaint } from './judge-complaints.ts'
import { toleranceSec } from './length-checks.ts'

/** Something of the input that did not make it into the outputs. */
export interface Loss {
  readonly code: 'input-truncated' | 'input-damaged'
  readonly message: string
  readonly count?: number
}

export interface LossFacts {
  readonly info: MediaInfo
  readonly cutShort?: string
  /** The outputs that took streams whole, and what was found in each. */
  readonly movies: readonly { readonly planned: PlannedMovie; readonly found: MediaInfo }[]
  readonly account: readonly InputAccount[]
  readonly complaints: readonly JudgedComplaint[]
  /** Stream index -> packets that need not give a frame: before the first keyframe, or hidden by an edit list. */
  readonly excused: ReadonlyMap<number, number>
}

/**
 * Compares what ffmpeg read, decoded and wrote with what the container says it holds: exit codes and durations miss
 * half of all damage. What is missing at the end is `input-truncated` and comes first; the rest is `input-damaged`.
 */
export function lossesOf(facts: LossFacts): readonly Loss[] {
  const cut = truncations(facts)
  const complaints = facts.complaints.filter(({ verdict }) => verdict === 'damage')
  const missing = missingPackets(facts, cut.length > 0 ? 'input-truncated' : 'input-damaged')
  // AVI lists a repeated frame as a packet of zero bytes, which is never read: without other signs nothing is lost.
  const believable = facts.info.container !== 'avi' || cut.length > 0 || complaints.length > 0
  const damage = [...undecodedPackets(facts), ...complained(complaints)]
  const losses = [...cut, ...(believable ? missing : []), ...damage]
  // A demuxer that loses its way in the middle finds an early end as well, but that is not where the damage is.
  const sawTheEnd = facts.cutShort !== undefined || facts.complaints.some(({ verdict }) => verdict === 'cut')
  return complaints.some(isLostSync) && !sawTheEnd ? [...damage, ...losses.slice(0, -damage.length)] : losses
}

const complained = (complaints: readonly JudgedComplaint[]): readonly Loss[] =>
  complaints.length === 0
    ? []
    : [
        {
          code: 'input-damaged',
          message: `Parts of the input could not be read or decoded, for example: ${complaints[0]?.text}`,
          count: complaints.reduce((sum, { count }) => sum + count, 0),
        },
      ]

function truncations({ info, cutShort, movies, complaints }: LossFacts): readonly Loss[] {
  const truncated = (message: string): Loss => ({ code: 'input-truncated', message })
  const ended = complaints.find(({ verdict }) => verdict === 'cut')
  // A transport stream's length is the difference of two of its clock's times, and the clock may jump.
  const short = clockMayJump(info) ? [] : movies.flatMap(({ planned, found }) => shortfalls(planned, found))
  return [
    ...(cutShort ? [truncated(cutShort)] : []),
    ...(ended ? [truncated(`The input ends in the middle of something (${ended.text})`)] : []),
    ...short.slice(0, 1).map(truncated),
  ]
}

function shortfalls(planned: PlannedMovie, found: MediaInfo): readonly string[] {
  const audio = found.streams.find(({ type }) => type === 'audio')
  const lengths = [
    ['The input', planned.expects?.minSec, found.durationSec],
    [
      'The sound of the input',
      planned.audio?.expects?.minSec,
      audio && (audio.durationSec ?? 0) + (audio.startSec ?? 0),
    ],
  ] as const
  return lengths.flatMap(([what, minSec, foundSec]) =>
    minSec !== undefined && foundSec !== undefined && foundSec < minSec - toleranceSec(minSec)
      ? [`${what} claims to be ${minSec.toFixed(2)} s long, and ends after ${foundSec.toFixed(2)} s.`]
      : [],
  )
}

export const clockMayJump = ({ container }: MediaInfo): boolean =>
  container === 'mpegts' || container === 'mpeg'

function usedStreams({ info, movies, account }: LossFacts) {
  const used = new Set(movies.flatMap(({ planned: { video, audio } }) => [video?.stream, audio?.stream]))
  return info.streams
    .filter(({ index }) => used.has(index))
    .map((stream) => ({ stream, read: account.find((entry) => entry.stream === stream.index) }))
}

// An index may count packets that an edit list, a cut at the end or priming samples take away again.
const INDEX_TOLERANCE = 0.005
const INDEX_SLACK_PACKETS = 2

function missingPackets(facts: LossFacts, code: Loss['code']): readonly Loss[] {
  return usedStreams(facts).flatMap(({ stream: { packetCount, codec, type }, read }) => {
    const { packetsRead = 0 } = read ?? {}
    // An index of PCM counts samples, of which a packet holds thousands: all that it tells is whether there are any.
    const comparable = !codec?.startsWith('pcm_') || packetsRead === 0
    if (packetCount === undefined || !comparable || clockMayJump(facts.info)) return []
    const count = packetCount - packetsRead
    if (count <= Math.max(INDEX_SLACK_PACKETS, packetCount * INDEX_TOLERANCE)) return []
    const message = `The input's index lists ${packetCount} packets of ${type}, and ${packetsRead} were found.`
    return [{ code, message, count }]
  })
}

function undecodedPackets(facts: LossFacts): readonly Loss[] {
  return usedStreams(facts).flatMap(({ stream, read }) => {
    const { packetsRead = 0, framesDecoded = 0 } = read ?? {}
    const count = packetsRead - framesDecoded - (facts.excused.get(stream.index) ?? 0)
    if (count <= undecodedSlack(stream)) return []
    const message = `${count} of ${packetsRead} packets of ${stream.type} in the input could not be decoded.`
    return [{ code: 'input-damaged', message, count }]
  })
}

/** The first packets of some sound codecs only prime the decoder. */
export const undecodedSlack = ({ type }: Stream): number => (type === 'audio' ? 2 : 0)
