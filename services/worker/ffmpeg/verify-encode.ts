import { stat } from 'node:fs/promises'
import { ReelmillError } from '#shared/errors.ts'
import type { Check, MediaInfo, Warning } from '#shared/jobs/shapes.ts'
import type { OutputPaths } from './command.ts'
import { decodeOutput } from './decode-output.ts'
import type { EncodeLog, OutputAccount } from './encode-log.ts'
import type { EncodePlan, PlannedMovie, PlannedOutput, PlannedStill } from './encode-plan.ts'
import { isSampled } from './is-sampled.ts'
import { lengthChecks } from './length-checks.ts'
import type { EncodeLimits } from './limits.ts'
import type { ProbedInput } from './probe.ts'
import type { ProbeContext } from './probe-context.ts'
import { clockMayJump } from './verify-input.ts'
import { type VerifiedOutput, verifyMovie, verifyStill } from './verify-output.ts'
import { weighInput } from './weigh-input.ts'

export interface EncodeFacts {
  readonly plan: EncodePlan
  readonly probed: ProbedInput
  readonly inputPath: string
  readonly inputId: string
  readonly paths: readonly OutputPaths[]
  readonly encodeLog: EncodeLog
  readonly jobId: string
  /** Of all movies, how many are decoded whole: 0 to 1. */
  readonly decodeShare: number
}

export interface VerifiedEncode {
  /** In the order of the plan; `file` is the one of its paths that counts. */
  readonly outputs: readonly (VerifiedOutput & { readonly file: string })[]
  readonly warnings: readonly Warning[]
}

/**
 * Decides whether an encode is what was asked for (P9). In this order, since the first explains the rest: was it cut
 * by one of our limits, did the input lose something, is each output what was planned, can those of the sample be
 * decoded whole.
 *
 * Throws `output-too-large`, `input-truncated`, `input-damaged` or `output-verification-failed`.
 */
export async function verifyEncode(context: ProbeContext, facts: EncodeFacts): Promise<VerifiedEncode> {
  const { plan, encodeLog } = facts
  const warnings: Warning[] = []
  for (const { main } of facts.paths) await refuseCut(main, context.limits)
  const accounts = accountsOf(plan, encodeLog)
  const outputs: Found[] = []
  for (const [index, planned] of plan.outputs.entries()) {
    const paths = facts.paths[index] ?? { main: '' }
    if (planned.kind === 'stills') {
      outputs.push(await pickStill(context, planned, paths, warnings))
      continue
    }
    const { info, checks } = await verifyMovie(context, planned, paths.main, accounts[index] ?? [])
    refuseEndless(planned, info.durationSec ?? 0, plan)
    outputs.push({ info, checks, file: paths.main })
  }
  const movies = plan.outputs.flatMap((planned, index) => {
    const output = outputs[index]
    return planned.kind === 'file' && output
      ? [{ planned, found: output.info, output, account: accounts[index] ?? [] }]
      : []
  })
  // A still is a whole picture or none; what the rest of its movie is like does not touch it.
  if (movies.length > 0) warnings.push(...(await weighInput(context, facts, movies)))
  for (const { output, ...movie } of movies) {
    output.checks = [...output.checks, ...lengthChecks({ ...movie, encodeLog })]
  }
  warnings.push(...droppedWarnings(plan.outputs, outputs))
  const { info } = facts.probed
  refuseFailed(plan.outputs, outputs, { warnings, info })
  for (const { planned, output } of movies) {
    if (!isSampled(facts.decodeShare, { jobId: facts.jobId, name: planned.name })) continue
    output.checks = [...output.checks, ...(await decodeOutput(context, output.file, output.info))]
  }
  refuseFailed(plan.outputs, outputs, { warnings, info })
  return { outputs, warnings }
}

/** What was found of an output; checks are added to it. */
interface Found {
  readonly info: MediaInfo
  readonly file: string
  checks: readonly Check[]
}

/** `-fs` ends an output without an error once it is that large. */
async function refuseCut(file: string, { maxOutputBytes }: EncodeLimits): Promise<void> {
  const size = await sizeOf(file)
  if (size < maxOutputBytes) return
  throw new ReelmillError(
    'output-too-large',
    `An output reached ${maxOutputBytes} bytes and was cut there. Lower the bitrate or raise the limit.`,
    { facts: { sizeBytes: size } },
  )
}

/** An ffmpeg that exits with 0 need not have written anything. */
async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch (cause) {
    throw new ReelmillError(
      'output-verification-failed',
      'ffmpeg ended well, and an output is not there. Try again.',
      {
        cause,
      },
    )
  }
}

/** `-t` ends an output without an error once it is that long. */
function refuseEndless(planned: PlannedMovie, durationSec: number, { maxSec }: EncodePlan): void {
  if (durationSec < maxSec - 1) return
  throw new ReelmillError(
    'input-damaged',
    `The output ${planned.name} grew to ${durationSec.toFixed(0)} s, far beyond the ${planned.expects?.maxSec.toFixed(0) ?? 'unknown'} s that the input claims: its timestamps are wrong. Upload an intact copy.`,
    { facts: { durationSec } },
  )
}

/** The frame that is not black, else, with a warning, the most representative of all that are. */
async function pickStill(
  context: ProbeContext,
  planned: PlannedStill,
  paths: OutputPaths,
  warnings: Warning[],
): Promise<Found> {
  const file = (await sizeOf(paths.main)) > 0 ? paths.main : (paths.spare ?? paths.main)
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

/** Frames that were dropped because their time was taken are few, and said. */
const droppedWarnings = (planned: readonly PlannedOutput[], outputs: readonly Found[]): readonly Warning[] =>
  outputs.flatMap(({ checks }, index) =>
    checks
      .filter(({ name, result }) => name === 'video.frames-kept' && result === 'warned')
      .map(({ detail }) => ({
        code: 'frames-dropped',
        message: `Not every frame is in the output, since times in the input overlap: ${detail}.`,
        output: planned[index]?.name ?? '',
      })),
  )

/** Splits ffmpeg's account of its output files by the outputs of the plan: a still has two files. */
function accountsOf({ outputs }: EncodePlan, { outputs: accounts }: EncodeLog): readonly OutputAccount[][] {
  let file = 0
  return outputs.map((output) => {
    const first = file
    file += output.kind === 'stills' ? 2 : 1
    return accounts.filter((account) => account.file === first)
  })
}

/** Where damage is allowed, an output may be shorter than planned or lack a stream; nothing else may differ. */
const lengthCheckNames = new Set(['duration', 'video.frames-kept', 'streams'])
/** Nor need an output be as long as a clock that jumps says. */
const clockCheckNames = new Set(['duration'])

function refuseFailed(
  planned: readonly PlannedOutput[],
  outputs: readonly Found[],
  { warnings, info }: { readonly warnings: readonly Warning[]; readonly info: MediaInfo },
): void {
  const clockJumps = clockMayJump(info) && warnings.some(({ code }) => code === 'input-timestamps')
  const damaged = warnings.some(({ code }) => code === 'input-truncated' || code === 'input-damaged')
  for (const [index, output] of outputs.entries()) {
    const { name = '', tolerateDamage = false } = planned[index] ?? {}
    output.checks = output.checks.map((check) =>
      check.result === 'failed' &&
      ((damaged && tolerateDamage && lengthCheckNames.has(check.name)) ||
        (clockJumps && clockCheckNames.has(check.name)))
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
