import { execFile } from 'node:child_process'
import { rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { demoClip, makeClip } from '../demo/make-clip.ts'

export interface BenchClip {
  readonly kind: string
  readonly what: string
  readonly file: string
}

const SIZE = '1280x720'
const RATE = 25

/** Kinds of movies that cost an encoder very different amounts of work. */
const kinds = [
  { kind: 'mixed', what: 'drawn scenes with hard cuts, a moving ball and a counter', source: undefined },
  {
    kind: 'grain',
    what: 'slow gradients under film grain, which is new in every frame',
    source: `gradients=s=640x360:r=${RATE}:speed=0.01:seed=3:n=4,scale=${SIZE},noise=alls=14:allf=t`,
  },
  {
    kind: 'screen',
    what: 'a screen recording: sharp edges, still for a second at a time',
    source: `testsrc2=s=${SIZE}:r=1,fps=${RATE}`,
  },
] as const

/** Makes the clips of `durationSec`, or takes them from `folder` when an earlier bench has made them. */
export async function benchClips(folder: string, durationSec: number): Promise<BenchClip[]> {
  const clips: BenchClip[] = []
  for (const { kind, what, source } of kinds) {
    const file = path.join(folder, `${kind}-${durationSec}s.mp4`)
    if (!(await isThere(file))) {
      const part = path.join(folder, `part-${kind}.mp4`)
      if (source === undefined) await makeClip(part, { ...demoClip, durationSec })
      else await promisify(execFile)('ffmpeg', clipArguments(source, durationSec, part))
      await rename(part, file)
    }
    clips.push({ kind, what, file })
  }
  return clips
}

const clipArguments = (source: string, durationSec: number, file: string): string[] => [
  ...['-nostdin', '-y', '-v', 'error', '-f', 'lavfi', '-i', `${source},format=yuv420p`],
  ...['-f', 'lavfi', '-i', 'sine=frequency=330:sample_rate=48000', '-t', `${durationSec}`],
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '14', '-g', `${RATE * 2}`],
  // As a camera writes it: grain without a bound would be a file of 115 Mbit/s.
  ...['-maxrate', '25M', '-bufsize', '50M'],
  ...['-c:a', 'aac', '-b:a', '128k', '-movflags', '+faststart', file],
]

async function isThere(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile()
  } catch {
    return false // not made yet
  }
}
