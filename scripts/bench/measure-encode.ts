import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Job } from '../../services/frontend/shapes/job.ts'
import { asTyped, commandPair } from './bare-command.ts'
import { type BenchClip, benchClips } from './bench-clips.ts'
import type { BenchContext, BenchGroup } from './bench-group.ts'
import { childrenCpuSec } from './children-cpu.ts'
import type { Measurement } from './measurement.ts'
import { summary } from './statistics.ts'
import { succeeded } from './succeeded.ts'
import { onWarmWorker, type WarmWorker } from './warm-worker.ts'

const PRESET = 'web-720p'

/** Jobs against the same ffmpeg commands run by hand, turn and turn about. */
export const measureEncode: BenchGroup = {
  name: 'encode',
  title: 'Encoding, against ffmpeg by hand',
  about: 'The wall time of a job, and the CPU time of several outputs, against ffmpeg by hand.',
  takes: ['seconds', 'rounds'],
  async run(context) {
    const clips = await benchClips(context.folder, context.seconds)
    return onWarmWorker(context, {}, async (warm) => {
      const measurements: Measurement[] = []
      const commands = new Set<string>()
      for (const clip of clips) measurements.push(await wallOf(clip, warm, context, commands))
      for (const clip of clips.slice(0, 1)) measurements.push(...(await oneDecode(clip, warm, context)))
      return { measurements, remarks: remarksOn([...commands].slice(0, 2)) }
    })
  },
}

const remarksOn = (commands: readonly string[]): string => `
The wall of a job is from sending the submit to reading \`succeeded\`: it includes the queue, the fetch, the probe, the
jail, verification, storing the output, and the client's polling; the worker is warm. The value is the median of the
single rounds' ratios. The command lines differ in paths, progress and guards only:

\`\`\`sh
${commands.join('\n\n')}
\`\`\`
`

/**
 * The wall time of a job from submit to succeeded, by the wall time of the same ffmpeg command run by hand. Adds both
 * command lines to `commands`.
 */
async function wallOf(
  clip: BenchClip,
  { api }: WarmWorker,
  { folder, rounds, signal, say }: BenchContext,
  commands: Set<string>,
): Promise<Measurement> {
  const upload = await api.upload(clip.file)
  const wall: { ours: number; bare: number }[] = []
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now()
    const job = succeeded(await api.follow((await api.submit(upload.id, [PRESET])).id))
    const ours = (performance.now() - startedMs) / 1000
    const pair = commandPair(clip.file, detectedOf(job), job.outputs, folder)
    for (const command of [pair.ours, pair.bare]) commands.add(asTyped(command).replaceAll(`${folder}/`, ''))
    const bare = await timed(pair.bare, signal)
    wall.push({ ours, bare: bare.wallSec })
    say(
      `  ${clip.kind} ${round + 1}/${rounds}: job ${ours.toFixed(2)} s, by hand ${bare.wallSec.toFixed(2)} s`,
    )
  }
  const ours = summary(wall.map((pair) => pair.ours))
  const bare = summary(wall.map((pair) => pair.bare))
  return {
    what: `wall of a job / of ffmpeg by hand: ${clip.kind}`,
    unit: 'x',
    value: summary(wall.map((pair) => pair.ours / pair.bare)),
    goal: { atMost: 1.05 },
    note: `${ours.median.toFixed(2)} s / ${bare.median.toFixed(2)} s`,
  }
}

/** The CPU time of three outputs in one job, by the sum of three single runs by hand. */
async function oneDecode(
  clip: BenchClip,
  { api }: WarmWorker,
  { folder, rounds, signal, say }: BenchContext,
): Promise<Measurement[]> {
  const presets = ['web-1080p', 'web-720p', 'web-480p']
  const upload = await api.upload(clip.file)
  const ratios: number[] = []
  for (let round = 0; round < rounds; round++) {
    const job = succeeded(await api.follow((await api.submit(upload.id, presets)).id))
    const { cpuSec } = job.receipt ?? {}
    let bareSec = 0
    for (const output of job.outputs) {
      const { bare } = commandPair(clip.file, detectedOf(job), [output], folder)
      bareSec += (await timed(bare, signal)).cpuSec ?? Number.NaN
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
      goal: { atMost: 0.85 },
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

function detectedOf(job: Job) {
  const detected = job.inputs[0]?.detected
  if (!detected) throw new Error(`the job ${job.id} does not say what its input is`)
  return detected
}
