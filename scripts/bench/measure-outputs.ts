import { commandPair, inputOf } from './bare-command.ts'
import { type BenchClip, originClips } from './bench-clips.ts'
import type { BenchContext, BenchGroup } from './bench-group.ts'
import type { Measurement } from './measurement.ts'
import { summary } from './statistics.ts'
import { succeeded } from './succeeded.ts'
import { timedFfmpeg } from './timed-ffmpeg.ts'
import { onWarmWorker, type WarmWorker } from './warm-worker.ts'

const PRESETS = ['web-1080p', 'web-720p', 'web-480p']
/** Short, so that what is compared runs in the same minute: a shared machine is slower in one than in another. */
const CLIP_SEC = 10

/** What one decode for all outputs saves. */
export const measureOutputs: BenchGroup = {
  name: 'outputs',
  title: 'Three outputs from one decode',
  about: 'The CPU time of three outputs in one job, against three runs of ffmpeg by hand.',
  takes: ['rounds'],
  async run(context) {
    const clips = await originClips(context.folder, CLIP_SEC)
    return onWarmWorker(context, {}, async (warm) => {
      const measurements: Measurement[] = []
      for (const clip of clips) measurements.push(...(await oneDecode(clip, warm, context)))
      return { measurements, remarks }
    })
  },
}

const remarks = `
${PRESETS.map((preset) => `\`${preset}\``).join(', ')} of ${CLIP_SEC} s in 1080p, the job and the three single runs turn and turn about. What is saved
is decoding (and scaling) twice, so it depends on how the movie was coded: by a phone in HEVC, by a camera in H.264 with
grain at 25 Mbit/s, or drawn and exported from an editor in H.264.
`

/** The CPU time of three outputs in one job, by the sum of three single runs by hand. */
async function oneDecode(
  clip: BenchClip,
  { api }: WarmWorker,
  { folder, rounds, signal, say }: BenchContext,
): Promise<Measurement[]> {
  const upload = await api.upload(clip.file)
  const pairs: { ours: number; bare: number }[] = []
  for (let round = 0; round < rounds; round++) {
    const job = succeeded(await api.follow((await api.submit(upload.id, PRESETS)).id))
    const ours = job.receipt?.cpuSec
    let bare = 0
    for (const output of job.outputs) {
      const command = commandPair(clip.file, inputOf(job), [output], folder).bare
      bare += (await timedFfmpeg(command, signal)).cpuSec ?? Number.NaN
    }
    if (ours === undefined || Number.isNaN(bare)) return []
    pairs.push({ ours, bare })
    say(
      `  ${clip.kind} ${round + 1}/${rounds}: CPU ${ours.toFixed(1)} s in one job, ${bare.toFixed(1)} s one by one`,
    )
  }
  const ours = summary(pairs.map((pair) => pair.ours))
  const bare = summary(pairs.map((pair) => pair.bare))
  return [
    {
      what: `CPU of three outputs in one job / of three runs by hand: ${clip.kind}`,
      unit: 'x',
      value: summary(pairs.map((pair) => pair.ours / pair.bare)),
      goal: { atMost: 0.85 },
      note: `${ours.median.toFixed(1)} s / ${bare.median.toFixed(1)} s`,
    },
  ]
}
