import { stat } from 'node:fs/promises'
import { ReelmillError } from '#shared/errors.ts'
import type { Warning } from '#shared/jobs/shapes.ts'
import type { OutputPaths } from './command.ts'
import type { EncodeLog, OutputAccount } from './encode-log.ts'
import { isMissingReference, type JudgedComplaint, judgeComplaints } from './judge-complaints.ts'
import { lengthChecks } from './length-checks.ts'
import type { EncodeLimits } from './limits.ts'
import type { EncodePlan, PlannedMovie, PlannedOutput, PlannedStill } from './plan.ts'
import type { ProbeContext, ProbedInput } from './probe.ts'
import { undecodableStart } from './undecodable-start.ts'
import { lossesOf } from './verify-input.ts'
import { type VerifiedOutput, verifyMovie, verifyStill } from './verify-output.ts'

export interface EncodeFacts {
  readonly plan: EncodePlan
  readonly probed: ProbedInput
  readonly inputPath: string
  readonly inputId: string
  readonly paths: readonly OutputPaths[]
  readonly encodeLog: EncodeLog
}

export interface VerifiedEncode {
  /** In the order of the plan; `file` is the one of its paths that counts. */
  readonly outputs: readonly (VerifiedOutput & { readonly file: string })[]
  readonly warnings: readonly Warning[]
}

/**
 * Decides whether an encode is what was asked for (P9). In this order, since the first explains the rest: was it cut
 * by one of our limits, did the input lose something, is each output what was planned.
 *
 * Throws `output-too-large`, `input-truncated`, `input-damaged` or `output-verification-failed`.
 */
export async function verifyEncode(context: ProbeContext, facts: EncodeFacts): Promise<VerifiedEncode> {
  const { plan, encodeLog, inputId } = facts
  const warnings: Warning[] = []
  for (const { main } of facts.paths) await refuseCut(main, context.limits)
  const lostAtStart = await countLostAtStart(context, facts)
  const complaints = judgeComplaints(encodeLog.complaints, { startsMidGop: lostAtStart > 0 })
  warnings.push(...weighLosses(facts, complaints, lostAtStart))

  const accounts = accountsOf(plan, encodeLog)
  const outputs: (VerifiedOutput & { file: string })[] = []
  for (const [index, planned] of plan.outputs.entries()) {
    const paths = facts.paths[index] ?? { main: '' }
    const account = accounts[index] ?? []
    if (planned.kind === 'stills') {
      outputs.push(await pickStill(context, planned, paths, warnings))
      continue
    }
    const { info, checks } = await verifyMovie(context, planned, paths.main, account)
    refuseEndless(planned, info.durationSec ?? 0, plan)
    const lengths = lengthChecks({ plan, planned, found: info, account, encodeLog })
    outputs.push({ info, checks: [...checks, ...lengths], file: paths.main })
  }
  refuseFailed(plan.outputs, outputs, warnings)
  warnings.push(...unknownComplaints(complaints, inputId))
  return { outputs, warnings }
}

/** `-fs` ends an output without an error once it is that large. */
async function refuseCut(file: string, { maxOutputBytes }: EncodeLimits): Promise<void> {
  const { size } = await stat(file)
  if (size < maxOutputBytes) return
  throw new ReelmillError(
    'output-too-large',
    `An output reached ${maxOutputBytes} bytes and was cut there. Lower the bitrate or raise the limit.`,
    { facts: { sizeBytes: size } },
  )
}

/** `-t` ends an output without an error once it is that long. */
function refuseEndless(planned: PlannedMovie, durationSec: number, { maxSec }: EncodePlan): void {
  if (durationSec < maxSec - 1) return
  throw new ReelmillError(
    'input-damaged',
    `The output ${planned.name} grew to ${durationSec.toFixed(0)} s, far beyond the ${planned.durationSec?.toFixed(0) ?? 'unknown'} s that the input claims: its timestamps are wrong. Upload an intact copy.`,
    { facts: { durationSec } },
  )
}

/** Only worth a look when something at the start may be missing. */
async function countLostAtStart(context: ProbeContext, facts: EncodeFacts): Promise<number> {
  const { plan, encodeLog, inputPath } = facts
  const video = wholeVideo(plan)
  const read = encodeLog.inputs.find(({ stream }) => stream === video)
  const suspicious =
    encodeLog.complaints.some(isMissingReference) ||
    (read !== undefined && read.packetsRead - read.framesDecoded > 1)
  return video !== undefined && suspicious ? undecodableStart(context, inputPath, video) : 0
}

/** The input's video stream, if an output takes all of it. */
const wholeVideo = ({ outputs }: EncodePlan): number | undefined =>
  outputs.flatMap((output) => (output.kind === 'file' && output.video ? [output.video.stream] : []))[0]

function weighLosses(
  { plan, probed, encodeLog, inputId }: EncodeFacts,
  complaints: readonly JudgedComplaint[],
  lostAtStart: number,
): readonly Warning[] {
  const movies = plan.outputs.filter((output) => output.kind === 'file')
  const used = new Set(movies.flatMap(({ video, audio }) => [video?.stream, audio?.stream]))
  const losses = lossesOf({
    ...probed,
    used: [...used].filter((index) => index !== undefined),
    account: encodeLog.inputs,
    // A still comes from a part of the movie, and is a whole picture or none.
    complaints: movies.length > 0 ? complaints : [],
    undecodableStart: lostAtStart,
  })
  const [first] = losses
  if (first && plan.outputs.some(({ kind, tolerateDamage }) => kind === 'file' && !tolerateDamage)) {
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
    ...(movies.length > 0 ? losses : []).map((loss) => ({ ...loss, input: inputId })),
    ...(lostAtStart > 0
      ? [
          {
            code: 'input-starts-mid-gop',
            message: `The input begins between two keyframes; its first ${lostAtStart} frames cannot be decoded by anyone.`,
            input: inputId,
            count: lostAtStart,
          },
        ]
      : []),
  ]
}

/** The frame that is not black, else, with a warning, the most representative of all that are. */
async function pickStill(
  context: ProbeContext,
  planned: PlannedStill,
  paths: OutputPaths,
  warnings: Warning[],
): Promise<VerifiedOutput & { file: string }> {
  const file = (await stat(paths.main)).size > 0 ? paths.main : (paths.spare ?? paths.main)
  const { black = 1, ...verified } = await verifyStill(context, planned, file)
  const isBlack = black >= 0.9
  if (isBlack && file === paths.spare) {
    warnings.push({
      code: 'still-black',
      message: 'Every frame of the first minute is black, and so is the picture.',
      output: planned.name,
    })
  }
  const notBlack = {
    name: 'still.not-black',
    result: !isBlack ? 'passed' : file === paths.spare ? 'warned' : 'failed',
    detail: `${Math.round(black * 100)} % of it is black`,
  }
  return { ...verified, checks: [...verified.checks, notBlack], file }
}

/** Splits ffmpeg's account of its output files by the outputs of the plan: a still has two files. */
function accountsOf({ outputs }: EncodePlan, { outputs: accounts }: EncodeLog): readonly OutputAccount[][] {
  let file = 0
  return outputs.map((output) => {
    const first = file
    file += output.kind === 'stills' ? 2 : 1
    return accounts.filter((account) => account.file === first)
  })
}

/** Where damage is allowed, an output may be shorter than planned; nothing else may differ. */
const lengthCheckNames = new Set(['duration', 'video.frames-kept'])

function refuseFailed(
  planned: readonly PlannedOutput[],
  outputs: { info: VerifiedOutput['info']; checks: VerifiedOutput['checks'] }[],
  warnings: readonly Warning[],
): void {
  const damaged = warnings.some(({ code }) => code === 'input-truncated' || code === 'input-damaged')
  for (const [index, output] of outputs.entries()) {
    const { name = '', tolerateDamage = false } = planned[index] ?? {}
    output.checks = output.checks.map((check) =>
      check.result === 'failed' && damaged && tolerateDamage && lengthCheckNames.has(check.name)
        ? { ...check, result: 'warned' }
        : check,
    )
    const failed = output.checks.filter(({ result }) => result === 'failed')
    if (failed.length === 0) continue
    throw new ReelmillError(
      'output-verification-failed',
      `The output ${name} is not what was asked for: ${failed.map((check) => `${check.name} (${check.detail})`).join('; ')}. Nothing was published.`,
      { facts: { output: name, ...Object.fromEntries(failed.map((check) => [check.name, check.detail])) } },
    )
  }
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
