import { execFile } from 'node:child_process'
import { rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { type ClipShape, demoClip, makeClip } from '../demo/make-clip.ts'

export interface BenchClip {
  readonly kind: string
  readonly file: string
}

const SIZE = '1280x720'
const RATE = 25

/** Slow gradients under noise, which is new in every frame. */
const noisy = (size: string, noise: number): string =>
  `gradients=s=640x360:r=${RATE}:speed=0.01:seed=3:n=4,scale=${size},noise=alls=${noise}:allf=t`

interface Recipe {
  readonly kind: string
  /** What ffmpeg draws; else the demo's scenes with hard cuts, a moving ball and a counter, in this shape. */
  readonly source: string | Omit<ClipShape, 'durationSec'>
  /** How it is coded; the demo's scenes as the demo does it unless said. */
  readonly codec?: readonly string[]
}

const fastCodec = [
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '14'],
  // As a camera writes it: grain without a bound would be a file of 115 Mbit/s.
  ...['-maxrate', '25M', '-bufsize', '50M'],
]

/** Kinds of movies that cost an encoder very different amounts of work. */
const kinds: readonly Recipe[] = [
  { kind: 'mixed', source: demoClip },
  // Film grain.
  { kind: 'grain', source: noisy(SIZE, 14), codec: fastCodec },
  // A screen recording: sharp edges, still for a second at a time.
  { kind: 'screen', source: `testsrc2=s=${SIZE}:r=1,fps=${RATE}`, codec: fastCodec },
]

/** How movies come to be uploaded: what it costs to decode them differs by a lot. */
const origins: readonly Recipe[] = [
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
    source: { ...demoClip, width: 1920, height: 1080 },
    codec: ['-c:v', 'libx264', '-preset', 'medium', '-crf', '16'],
  },
]

/** Makes the clips of `durationSec`, or takes them from `folder` when an earlier bench has made them. */
export const benchClips = (folder: string, durationSec: number): Promise<BenchClip[]> =>
  clipsOf(kinds, folder, durationSec)

/**
 * As {@link benchClips}, in 1080p and as they come: by phone (HEVC), by camera (H.264 with grain, 25 Mbit/s), or drawn
 * and exported by an editor (H.264).
 */
export const originClips = (folder: string, durationSec: number): Promise<BenchClip[]> =>
  clipsOf(origins, folder, durationSec)

async function clipsOf(
  recipes: readonly Recipe[],
  folder: string,
  durationSec: number,
): Promise<BenchClip[]> {
  const clips: BenchClip[] = []
  for (const recipe of recipes) {
    const name = `${recipe.kind}-${durationSec}s.mp4`
    const file = path.join(folder, name)
    if (!(await isThere(file))) {
      const part = path.join(folder, `part-${name}`)
      await make(recipe, durationSec, part)
      await rename(part, file)
    }
    clips.push({ kind: recipe.kind, file })
  }
  return clips
}

async function make({ source, codec = [] }: Recipe, durationSec: number, file: string): Promise<void> {
  if (typeof source === 'string') return ffmpeg([...drawn(source, durationSec), ...codec, ...sound, file])
  if (codec.length === 0) return makeClip(file, { ...source, durationSec })
  const scenes = `${file}.scenes.mp4`
  await makeClip(scenes, { ...source, durationSec })
  await ffmpeg(['-i', scenes, ...codec, ...sound, file])
  await rm(scenes)
}

const ffmpeg = async (args: readonly string[]): Promise<void> =>
  void (await promisify(execFile)('ffmpeg', ['-nostdin', '-y', '-v', 'error', ...args]))

const drawn = (source: string, durationSec: number): string[] => [
  ...['-f', 'lavfi', '-i', `${source},format=yuv420p`],
  ...['-f', 'lavfi', '-i', 'sine=frequency=330:sample_rate=48000', '-t', `${durationSec}`],
  ...['-g', `${RATE * 2}`],
]

const sound = ['-c:a', 'aac', '-b:a', '128k', '-movflags', '+faststart']

async function isThere(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile()
  } catch {
    return false // not made yet
  }
}
