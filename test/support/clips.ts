import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A folder for this run's clips and other files of tests; it is removed when the process ends. */
export function clipFolder(): string {
  if (folder === undefined) {
    const made = mkdtempSync(path.join(tmpdir(), 'reelmill-clips-'))
    process.once('exit', () => rmSync(made, { recursive: true, force: true }))
    folder = made
  }
  return folder
}

let folder: string | undefined
const made = new Map<string, { readonly recipe: string; readonly file: Promise<string> }>()

/**
 * Makes a clip with ffmpeg, once in a run for each name, and returns its path. `args` go before the path. Throws when a
 * clip of that name is another: one of two tests would look at the clip of the other.
 */
export function makeClip(name: string, args: readonly string[]): Promise<string> {
  const recipe = args.join(' ')
  const known = made.get(name)
  if (known && known.recipe !== recipe) {
    throw new Error(`Two clips are called ${name}. Give one another name: ${known.recipe} | ${recipe}`)
  }
  if (known) return known.file
  const target = path.join(clipFolder(), name)
  const file = run('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args, target]).then(() => target)
  made.set(name, { recipe, file })
  return file
}

/** Moving colours with a counter: every frame differs. */
export const picture = (size = '320x180', sec = 1, fps = '25'): readonly string[] => [
  ...['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${fps}:d=${sec}`],
]

export const tone = (sec = 1, channels = 'mono'): readonly string[] => [
  ...['-f', 'lavfi', '-i', `sine=f=440:r=48000:d=${sec},aformat=channel_layouts=${channels}`],
]

export const fastH264: readonly string[] = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p']

/** The everyday movie: H.264 and AAC in MP4, one second. */
export const everydayClip = (): Promise<string> =>
  makeClip('everyday.mp4', [...picture(), ...tone(), ...fastH264, '-c:a', 'aac', '-shortest'])
