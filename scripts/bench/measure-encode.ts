import { asTyped, commandPair, inputOf } from './bare-command.ts'
import { type BenchClip, benchClips } from './bench-clips.ts'
import type { BenchContext, BenchGroup } from './bench-group.ts'
import type { Measurement } from './measurement.ts'
import { summary } from './statistics.ts'
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
    const pair = commandPair(clip.file, inputOf(job), job.outputs, folder)
    for (const command of [pair.ours, pair.bare]) commands.add(asTyped(command).replaceAll(`${folder}/`, ''))
    const bare = await timedFfmpeg(pair.bare, signal)
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
