import { asTyped, commandPair, inputOf } from './bare-command.ts'
import { type BenchClip, benchClips } from './bench-clips.ts'
import type { BenchContext, BenchGroup } from './bench-group.ts'
import type { Measurement } from './measurement.ts'
import { mean, summary } from './statistics.ts'
import { succeeded } from './succeeded.ts'
import { timedFfmpeg } from './timed-ffmpeg.ts'
import { onWarmWorker, type WarmWorker } from './warm-worker.ts'

const PRESET = 'web-720p'

/** Jobs against the same ffmpeg commands run by hand, turn and turn about. */
export const measureEncode: BenchGroup = {
  name: 'encode',
  title: 'Encoding, against ffmpeg by hand',
  about: 'The wall time of a job, against ffmpeg by hand.',
  takes: ['seconds', 'rounds'],
  async run(context) {
    const clips = await benchClips(context.folder, context.seconds)
    return onWarmWorker(context, {}, async (warm) => {
      const measurements: Measurement[] = []
      const commands = new Set<string>()
      for (const clip of clips) measurements.push(await wallOf(clip, warm, context, commands))
      return { measurements, remarks: remarksOn([...commands].slice(0, 2)) }
    })
  },
}

const remarksOn = (commands: readonly string[]): string => `
The wall of a job is from sending the submit to reading \`succeeded\`: it includes the queue, the fetch, the probe, the
jail, verification, storing the output, and the client's polling; the worker is warm. Each job is compared with the mean
of the runs by hand right before and right after it, since a machine's speed drifts; the value is the median of these
ratios. The command lines differ in paths, progress and guards only:

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
  const ours: number[] = []
  const bare: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now()
    const job = succeeded(await api.follow((await api.submit(upload.id, [PRESET])).id))
    const jobSec = (performance.now() - startedMs) / 1000
    const pair = commandPair(clip.file, inputOf(job), job.outputs, folder)
    for (const command of [pair.ours, pair.bare]) commands.add(asTyped(command).replaceAll(`${folder}/`, ''))
    const { wallSec } = await timedFfmpeg(pair.bare, signal)
    ours.push(jobSec)
    bare.push(wallSec)
    say(`  ${clip.kind} ${round + 1}/${rounds}: job ${jobSec.toFixed(2)} s, by hand ${wallSec.toFixed(2)} s`)
  }
  // The run by hand after a job is the one before the next.
  const ratios = ours.map((sec, i) => sec / mean(bare.slice(Math.max(0, i - 1), i + 1)))
  return {
    what: `wall of a job / of ffmpeg by hand: ${clip.kind}`,
    unit: 'x',
    value: summary(ratios),
    goal: { atMost: 1.05 },
    note: `${summary(ours).median.toFixed(2)} s / ${summary(bare).median.toFixed(2)} s`,
  }
}
