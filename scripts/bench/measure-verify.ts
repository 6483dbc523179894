import { type BenchClip, benchClips } from './bench-clips.ts'
import type { BenchContext, BenchGroup } from './bench-group.ts'
import { childrenCpuSec } from './children-cpu.ts'
import type { Measurement } from './measurement.ts'
import { summary } from './statistics.ts'
import { succeeded } from './succeeded.ts'
import { onWarmWorker, type WarmWorker } from './warm-worker.ts'

const PRESET = 'web-720p'

/** What looking costs beside encoding. */
export const measureVerify: BenchGroup = {
  name: 'verify',
  title: 'Probing and verifying',
  about: 'The CPU time of probing and verifying, against that of the encode.',
  takes: ['seconds', 'rounds'],
  async run(context) {
    const clips = await benchClips(context.folder, context.seconds)
    // What runs inside the jail is in a process namespace of its own, and its CPU time is not added to the worker's.
    return onWarmWorker(context, { REELMILL_JAIL: 'none' }, async (warm) => {
      const measurements: Measurement[] = []
      for (const clip of clips) measurements.push(...(await verifyShare(clip, warm, context)))
      return { measurements, remarks: 'Measured without the jail, in which CPU time cannot be told apart.' }
    })
  },
}

/**
 * What probing and verifying costs of the encode's CPU time: everything that the worker's children used, less what
 * the encode says of itself. The worker must run without the jail, or its children's time is not seen.
 */
async function verifyShare(
  clip: BenchClip,
  { api, workerPid }: WarmWorker,
  { rounds, say }: BenchContext,
): Promise<Measurement[]> {
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
      goal: { atMost: 3 },
    },
  ]
}
