import { ReelmillError } from '#shared/errors.ts'
import type { MediaInfo, Warning } from '#shared/jobs/shapes.ts'
import type { EncodeLog } from './encode-log.ts'
import { excusedPackets } from './excused-packets.ts'
import { isMissingReference, type JudgedComplaint, judgeComplaints } from './judge-complaints.ts'
import { toleranceSec } from './length-checks.ts'
import type { ProbedInput } from './probe.ts'
import type { ProbeContext } from './probe-context.ts'
import { clockMayJump, type LossFacts, lossesOf, undecodedSlack } from './verify-input.ts'

interface InputFacts {
  readonly probed: ProbedInput
  readonly inputPath: string
  readonly inputId: string
  readonly encodeLog: EncodeLog
}

/** Judges the input by what became of it: throws the first loss unless every movie allows it, else warns of all. */
export async function weighInput(
  context: ProbeContext,
  { probed, encodeLog, inputId, inputPath }: InputFacts,
  movies: LossFacts['movies'],
): Promise<readonly Warning[]> {
  const { excused, lostAtStart } = await excuse(context, { probed, encodeLog, inputPath })
  const complaints = judgeComplaints(encodeLog.complaints, {
    container: probed.info.container,
    startsMidGop: lostAtStart > 0,
  })
  const losses = lossesOf({ ...probed, movies, account: encodeLog.inputs, complaints, excused })
  const [first] = losses
  if (first && movies.some(({ planned }) => !planned.tolerateDamage)) {
    throw new ReelmillError(
      first.code,
      `${first.message} Upload an intact copy, or set onInputDamage to "warn".`,
      {
        facts: {
          input: inputId,
          losses: losses.map(({ message }) => message).join(' '),
          stderr: encodeLog.tail,
        },
      },
    )
  }
  return [
    ...losses.map((loss) => ({ ...loss, input: inputId })),
    ...startWarning(lostAtStart, inputId),
    ...clockWarnings(probed.info, movies, complaints, inputId),
    ...unknownComplaints(complaints, inputId),
  ]
}

/** Finds packets that rightly gave no frame, where frames are missing or decoders complain of missing pictures. */
async function excuse(
  context: ProbeContext,
  { probed, encodeLog, inputPath }: Pick<InputFacts, 'probed' | 'encodeLog' | 'inputPath'>,
): Promise<{ excused: ReadonlyMap<number, number>; lostAtStart: number }> {
  const excused = new Map<number, number>()
  let lostAtStart = 0
  for (const stream of probed.info.streams) {
    const read = encodeLog.inputs.find((account) => account.stream === stream.index)
    if (!read) continue
    const video = stream.type === 'video'
    const isMissing = read.packetsRead - read.framesDecoded > undecodedSlack(stream)
    if (!isMissing && !(video && encodeLog.complaints.some(isMissingReference))) continue
    const { beforeFirstKeyframe, hidden } = await excusedPackets(context, inputPath, stream.index)
    if (video) lostAtStart = Math.max(lostAtStart, beforeFirstKeyframe)
    excused.set(stream.index, hidden + (video ? beforeFirstKeyframe : 0))
  }
  return { excused, lostAtStart }
}

const startWarning = (lost: number, input: string): readonly Warning[] =>
  lost === 0
    ? []
    : [
        {
          code: 'input-starts-mid-gop',
          message: `The input begins between two keyframes; its first ${lost} frames cannot be decoded by anyone.`,
          input,
          count: lost,
        },
      ]

/** A clock that jumps or overlaps: nothing is lost, but somebody may wonder about lengths or hear a click. */
function clockWarnings(
  info: MediaInfo,
  movies: LossFacts['movies'],
  complaints: readonly JudgedComplaint[],
  input: string,
): readonly Warning[] {
  const code = 'input-timestamps'
  const odd = movies.find(
    ({ planned: { expects }, found: { durationSec = 0 } }) =>
      clockMayJump(info) && expects && durationSec < expects.minSec - toleranceSec(expects.minSec),
  )
  const jump = odd && {
    code,
    message: `By its clock the input lasts ${odd.planned.expects?.minSec.toFixed(2)} s, and it holds ${odd.found.durationSec?.toFixed(2)} s: the clock jumps. All that was read is there.`,
    input,
  }
  const overlaps = complaints.filter(({ verdict }) => verdict === 'clock')
  const overlap = overlaps[0] && {
    code,
    message: `Times in the input overlap, and were moved by a little: ${overlaps[0].text}`,
    input,
    count: overlaps.reduce((sum, { count }) => sum + count, 0),
  }
  return [jump, overlap].filter((warning) => warning !== undefined)
}

const unknownComplaints = (complaints: readonly JudgedComplaint[], input: string): readonly Warning[] =>
  complaints
    .filter(({ verdict }) => verdict === 'unknown')
    .map(({ source, text, count }) => ({
      code: 'ffmpeg-message',
      message: `ffmpeg${source ? ` (${source})` : ''} says: ${text}`,
      input,
      count,
    }))
