import { execFile } from 'node:child_process'
import { rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { demoClip, makeClip } from '../demo/make-clip.ts'

export interface BenchClip {
  readonly kind: string
  readonly file: string
}

const SIZE = '1280x720'
const RATE = 25

/** Slow gradients under noise, which is new in every frame. */
const noisy = (size: string, noise: number): string =>
  `gradients=s=640x360:r=${RATE}:speed=0.01:seed=3:n=4,scale=${size},noise=alls=${noise}:allf=t`

/** Kinds of movies that cost an encoder very different amounts of work. */
const kinds = [
  // The demo's drawn scenes with hard cuts, a moving ball and a counter.
  { kind: 'mixed', source: undefined },
  // Film grain.
  { kind: 'grain', source: noisy(SIZE, 14) },
  // A screen recording: sharp edges, still for a second at a time.
  { kind: 'screen', source: `testsrc2=s=${SIZE}:r=1,fps=${RATE}` },
] as const

/** How movies come to be uploaded: what it costs to decode them differs by a lot. */
const origins = [
  {
    kind: 'phone',
    source: noisy('1920x1080', 6),
    codec: ['-c:v', 'libx265', '-preset', 'fast', '-crf', '20', '-x265-params', 'log-level=none'],
  },
  {
    kind: 'camera',
    source: noisy('1920x1080', 14),
    codec: ['-c:v', 'libx264', '-preset', 'fast', '-crf', '14', '-maxrate', '25M', '-bufsize', '50M'],
  },
  {
    kind: 'drawn',
    source: undefined,
    codec: ['-c:v', 'libx264', '-preset', 'medium', '-crf', '16'],
  },
] as const

/** Makes the clips of `durationSec`, or takes them from `folder` when an earlier bench has made them. */
export async function benchClips(folder: string, durationSec: number): Promise<BenchClip[]> {
  const clips: BenchClip[] = []
  for (const { kind, source } of kinds) {
    const file = await madeOnce(folder, `${kind}-${durationSec}s.mp4`, (part) =>
      source === undefined
        ? makeClip(part, { ...demoClip, durationSec })
        : ffmpeg([...drawn(source, durationSec), ...fastCodec, ...sound, part]),
    )
    clips.push({ kind, file })
  }
  return clips
}

/**
 * As {@link benchClips}, in 1080p and as they come: by phone (HEVC), by camera (H.264 with grain, 25 Mbit/s), or drawn
 * and exported by an editor (H.264).
 */
export async function originClips(folder: string, durationSec: number): Promise<BenchClip[]> {
  const clips: BenchClip[] = []
  for (const { kind, source, codec } of origins) {
    const file = await madeOnce(folder, `${kind}-${durationSec}s.mp4`, async (part) => {
      if (source !== undefined) return ffmpeg([...drawn(source, durationSec), ...codec, ...sound, part])
      const scenes = `${part}.scenes.mp4`
      await makeClip(scenes, { ...demoClip, width: 1920, height: 1080, durationSec })
      await ffmpeg(['-i', scenes, ...codec, ...sound, part])
      await rm(scenes)
    })
    clips.push({ kind, file })
  }
  return clips
}

async function madeOnce(
  folder: string,
  name: string,
  make: (part: string) => Promise<void>,
): Promise<string> {
  const file = path.join(folder, name)
  if (await isThere(file)) return file
  const part = path.join(folder, `part-${name}`)
  await make(part)
  await rename(part, file)
  return file
}

const ffmpeg = async (args: readonly string[]): Promise<void> =>
  void (await promisify(execFile)('ffmpeg', ['-nostdin', '-y', '-v', 'error', ...args]))

const drawn = (source: string, durationSec: number): string[] => [
  ...['-f', 'lavfi', '-i', `${source},format=yuv420p`],
  ...['-f', 'lavfi', '-i', 'sine=frequency=330:sample_rate=48000', '-t', `${durationSec}`],
  ...['-g', `${RATE * 2}`],
]

const fastCodec = [
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '14'],
  // As a camera writes it: grain without a bound would be a file of 115 Mbit/s.
  ...['-maxrate', '25M', '-bufsize', '50M'],
]

const sound = ['-c:a', 'aac', '-b:a', '128k', '-movflags', '+faststart']

async function isThere(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile()
  } catch {
    return false // not made yet
  }
}
