import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Job } from '../../services/frontend/shapes/job.ts'
import type { ApiClient } from '../stack/api-client.ts'
import { asTyped, commandPair } from './bare-command.ts'
import type { BenchClip } from './bench-clips.ts'
import { childrenCpuSec } from './children-cpu.ts'
import type { Measurement } from './measurement.ts'
import { summary } from './statistics.ts'

export interface MeasureContext {
  readonly api: ApiClient
  /** The pid of the only worker, which is warm. */
  readonly workerPid: number
  /** For what bare ffmpeg makes. */
  readonly folder: string
  readonly rounds: number
  readonly signal: AbortSignal
  say(line: string): void
}

const PRESET = 'web-720p'

/**
 * The wall time of a job from submit to succeeded, by the wall time of the same ffmpeg command run by hand, turn and
 * turn about. Prints both command lines once.
 */
export async function measureWall(clip: BenchClip, context: MeasureContext): Promise<Measurement[]> {
  const { api, folder, rounds, say } = context
  const upload = await api.upload(clip.file)
  const wall: { ours: number; bare: number }[] = []
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now()
    const job = succeeded(await api.follow((await api.submit(upload.id, [PRESET])).id))
    const ours = (performance.now() - startedMs) / 1000
    const pair = commandPair(clip.file, detectedOf(job), job.outputs, folder)
    if (round === 0) {
      say(`  the worker's command: ${asTyped(pair.ours)}`)
      say(`  by hand:              ${asTyped(pair.bare)}`)
    }
    const bare = await timed(pair.bare, context.signal)
    wall.push({ ours, bare: bare.wallSec })
    say(
      `  ${clip.kind} ${round + 1}/${rounds}: job ${ours.toFixed(2)} s, by hand ${bare.wallSec.toFixed(2)} s`,
    )
  }
  const ours = summary(wall.map((pair) => pair.ours))
  const bare = summary(wall.map((pair) => pair.bare))
  return [
    {
      what: `wall of a job / of ffmpeg by hand: ${clip.kind}`,
      unit: 'x',
      value: summary(wall.map((pair) => pair.ours / pair.bare)),
      goal: 1.05,
      note: `${ours.median.toFixed(2)} s / ${bare.median.toFixed(2)} s`,
    },
  ]
}

/** The CPU time of three outputs in one job, by the sum of three single runs by hand. */
export async function measureOneDecode(clip: BenchClip, context: MeasureContext): Promise<Measurement[]> {
  const { api, folder, rounds, say } = context
  const presets = ['web-1080p', 'web-720p', 'web-480p']
  const upload = await api.upload(clip.file)
  const ratios: number[] = []
  for (let round = 0; round < rounds; round++) {
    const job = succeeded(await api.follow((await api.submit(upload.id, presets)).id))
    const { cpuSec } = job.receipt ?? {}
    let bareSec = 0
    for (const output of job.outputs) {
      const { bare } = commandPair(clip.file, detectedOf(job), [output], folder)
      bareSec += (await timed(bare, context.signal)).cpuSec ?? Number.NaN
    }
    if (cpuSec === undefined || Number.isNaN(bareSec)) return []
    ratios.push(cpuSec / bareSec)
    say(
      `  ${path.basename(clip.file)} ${round + 1}/${rounds}: CPU ${cpuSec.toFixed(1)} s in one job, ${bareSec.toFixed(1)} s one by one`,
    )
  }
  return [
    {
      what: `CPU of three outputs in one job / of three runs by hand: ${clip.kind}`,
      unit: 'x',
      value: summary(ratios),
      goal: 0.85,
    },
  ]
}

/**
 * What probing and verifying costs of the encode's CPU time: everything that the worker's children used, less what
 * the encode says of itself. The worker must run without the jail, or its children's time is not seen.
 */
export async function measureVerify(clip: BenchClip, context: MeasureContext): Promise<Measurement[]> {
  const { api, workerPid, rounds, say } = context
  const upload = await api.upload(clip.file)
  const shares: number[] = []
  for (let round = 0; round < rounds; round++) {
    const before = await childrenCpuSec(workerPid)
    const job = succeeded(await api.follow((await api.submit(upload.id, [PRESET])).id))
    const after = await childrenCpuSec(workerPid)
    const encode = job.receipt?.cpuSec
    if (before === undefined || after === undefined || encode === undefined) return []
    const rest = after - before - encode
    if (rest < 0)
      throw new Error("the worker's children used less CPU than the encode says: is there a jail?")
    shares.push((100 * rest) / encode)
    say(
      `  ${clip.kind} ${round + 1}/${rounds}: CPU ${encode.toFixed(2)} s encoding, ${rest.toFixed(2)} s around it`,
    )
  }
  return [
    {
      what: `probing and verifying / encoding, CPU: ${clip.kind}`,
      unit: '%',
      value: summary(shares),
      goal: 3,
    },
  ]
}

async function timed(args: readonly string[], signal: AbortSignal) {
  const cpuBefore = await childrenCpuSec(process.pid)
  const startedMs = performance.now()
  await promisify(execFile)('ffmpeg', [...args], { signal, cwd: path.dirname(args.at(-1) ?? '.') })
  const wallSec = (performance.now() - startedMs) / 1000
  const cpuAfter = await childrenCpuSec(process.pid)
  const cpuSec = cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore
  return { wallSec, cpuSec }
}

function succeeded(job: Job): Job {
  if (job.status === 'succeeded') return job
  throw new Error(`the job ${job.id} is ${job.status}: ${job.error?.message ?? 'no reason given'}`)
}

function detectedOf(job: Job) {
  const detected = job.inputs[0]?.detected
  if (!detected) throw new Error(`the job ${job.id} does not say what its input is`)
  return detected
}
