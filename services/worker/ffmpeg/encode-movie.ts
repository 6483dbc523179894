import { mkdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import type { Check, MediaInfo, Stream, Warning } from '#shared/jobs/shapes.ts'
import type { Log } from '#shared/log.ts'
import type { EncodedFile } from '../engine.ts'
import { encodeCommand, type OutputPaths } from './command.ts'
import type { EncodeProgress } from './encode-log.ts'
import type { EncodePlan, PlannedOutput } from './encode-plan.ts'
import type { Jail } from './jail.ts'
import type { EncodeLimits } from './limits.ts'
import { planEncode, type WantedOutput } from './plan.ts'
import { type ProbedInput, probeInput } from './probe.ts'
import { runEncode } from './run-encode.ts'
import { verifyEncode } from './verify-encode.ts'

export interface EncodeMovieOptions {
  readonly inputPath: string
  /** The id of the input in the request, for warnings. */
  readonly inputId: string
  /** A folder of its own to write to. */
  readonly outputDir: string
  readonly outputs: readonly WantedOutput[]
  readonly jobId: string
  /** Of all movies that are made, how many are decoded whole to verify them: 0 to 1. */
  readonly decodeShare: number
  readonly jail: Jail
  readonly limits: EncodeLimits
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  onProgress(progress: MovieProgress): void
  /** Told of each movie that is written and will not change any more, but is yet to be verified. */
  onWritten?(output: string, file: EncodedFile): void
}

export interface MovieProgress {
  readonly phase: 'probe' | 'encode' | 'verify'
  readonly ratio?: number
  readonly realtimeFactor?: number
  readonly etaSec?: number
}

export interface EncodedMovie {
  readonly name: string
  readonly status: 'succeeded'
  readonly durationSec?: number
  readonly streams: readonly Stream[]
  readonly files: readonly EncodedFile[]
  readonly checks: readonly Check[]
}

export interface EncodeMovieResult {
  readonly detected: MediaInfo
  readonly outputs: readonly EncodedMovie[]
  readonly warnings: readonly Warning[]
  readonly encodeSec: number
  readonly verifySec: number
  readonly cpuSec?: number
}

/**
 * From a local input to local, verified outputs: probe -> plan -> one ffmpeg -> verify. All or nothing: throws a
 * `ReelmillError` with a job's code, or the signal's reason, and then nothing that it started is left running.
 */
export async function encodeMovie(options: EncodeMovieOptions): Promise<EncodeMovieResult> {
  const { inputPath, limits, clock, onProgress } = options
  onProgress({ phase: 'probe' })
  const probed = await probeInput(options, inputPath)
  const plan = planEncode(probed, options.outputs, limits)
  refuseKnownDamage(plan, probed)

  onProgress({ phase: 'encode', ratio: 0 })
  const startedMs = clock.monotonicMs()
  const paths = await preparePaths(plan, options.outputDir)
  const encodeLog = await runEncode(encodeCommand(plan, inputPath, paths, limits), {
    ...options,
    onProgress: progressOf(probed.info.durationSec, onProgress),
  })

  onProgress({ phase: 'verify', ratio: 1 })
  const encodedMs = clock.monotonicMs()
  await tellWritten(plan, paths, options.onWritten)
  const verified = await verifyEncode(options, { ...options, plan, probed, paths, encodeLog })
  const outputs: EncodedMovie[] = []
  for (const [index, { file, info, checks }] of verified.outputs.entries()) {
    const planned = plan.outputs[index]
    if (planned) outputs.push(await produced(planned, file, info, checks))
  }
  return {
    detected: probed.info,
    outputs,
    warnings: verified.warnings,
    encodeSec: (encodedMs - startedMs) / 1000,
    verifySec: (clock.monotonicMs() - encodedMs) / 1000,
    ...(encodeLog.cpuSec !== undefined && { cpuSec: encodeLog.cpuSec }),
  }
}

/** Better before hours of work than after: a file that is known to be cut fails unless every output allows it. */
function refuseKnownDamage(plan: EncodePlan, { cutShort }: ProbedInput): void {
  const strict = plan.outputs.some(({ kind, tolerateDamage }) => kind === 'file' && !tolerateDamage)
  if (cutShort === undefined || !strict) return
  throw new ReelmillError('input-truncated', `${cutShort} Upload it whole, or set onInputDamage to "warn".`)
}

/** A folder for each output, by its place, since names may hold anything. */
async function preparePaths(plan: EncodePlan, outputDir: string): Promise<readonly OutputPaths[]> {
  const paths: OutputPaths[] = []
  for (const { index, kind, fileName } of plan.outputs) {
    const dir = path.join(outputDir, String(index))
    await mkdir(dir, { recursive: true })
    const main = path.join(dir, fileName)
    paths.push(kind === 'stills' ? { main, spare: path.join(dir, `spare-${fileName}`) } : { main })
  }
  return paths
}

function progressOf(durationSec: number | undefined, report: EncodeMovieOptions['onProgress']) {
  return ({ outTimeSec, speed }: EncodeProgress) => {
    const known = durationSec !== undefined && outTimeSec !== undefined
    // Whole only once it was verified.
    const ratio = known ? Math.min(0.999, outTimeSec / durationSec) : undefined
    const leftSec = known ? Math.max(0, durationSec - outTimeSec) : undefined
    report({
      phase: 'encode',
      ...(ratio !== undefined && { ratio }),
      ...(speed !== undefined && speed > 0 && { realtimeFactor: speed }),
      ...(speed !== undefined && speed > 0 && leftSec !== undefined && { etaSec: leftSec / speed }),
    })
  }
}

/** Of movies only: which file a still is shows when it is verified. */
async function tellWritten(
  plan: EncodePlan,
  paths: readonly OutputPaths[],
  tell: EncodeMovieOptions['onWritten'],
): Promise<void> {
  for (const planned of plan.outputs) {
    const { main } = paths[planned.index] ?? {}
    if (planned.kind !== 'file' || main === undefined) continue
    const found = await stat(main).catch(() => undefined) // that it is missing is for the verification to say
    if (found) tell?.(planned.name, fileOf(planned, main, found.size))
  }
}

async function produced(
  planned: PlannedOutput,
  file: string,
  info: MediaInfo,
  checks: readonly Check[],
): Promise<EncodedMovie> {
  const duration = info.durationSec === undefined ? {} : { durationSec: info.durationSec }
  const { size } = await stat(file)
  return {
    name: planned.name,
    status: 'succeeded',
    ...duration,
    streams: info.streams,
    checks,
    files: [{ ...fileOf(planned, file, size), ...duration }],
  }
}

function fileOf(planned: PlannedOutput, localPath: string, sizeBytes: number): EncodedFile {
  const { fileName, role, contentType } = planned
  return { path: fileName, role, contentType, sizeBytes, localPath }
}
