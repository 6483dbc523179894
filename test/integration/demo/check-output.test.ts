import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { checkOutput } from '../../../scripts/demo/check-output.ts'
import { lengthsOf } from '../../../scripts/demo/movie-lengths.ts'
import { fastH264, makeClip, picture, tone } from '../../support/clips.ts'
import { encodeClip } from '../../support/encode-clip.ts'
import { requireTool } from '../../support/tools.ts'

const { signal } = new AbortController()

describe("The demo's own look at an output", () => {
  before(function () {
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
  })

  /** What it has to say of each output of a movie, or of another that is taken for it. */
  async function problemsOf(movie: string, takenFor = movie): Promise<Record<string, readonly string[]>> {
    const { outputs } = await encodeClip(movie, ['web-480p', 'audio-m4a'])
    const input = await lengthsOf(takenFor, signal)
    const problems: Record<string, readonly string[]> = {}
    for (const { name, streams, files } of outputs) {
      const [file] = files
      assert.ok(file)
      const output = { name, kind: 'file', streams, files: [] } as const
      const sha256 = createHash('sha256')
        .update(await readFile(file.localPath))
        .digest('hex')
      const told = { ...file, sha256, url: '' }
      problems[name] = (await checkOutput(file.localPath, output, told, { input, signal })).problems
    }
    return problems
  }

  const clip = (name: string, seconds: number, soundSec: number) =>
    makeClip(name, [...picture('160x90', seconds), ...tone(soundSec), ...fastH264, '-c:a', 'aac'])

  for (const container of ['mp4', 'mkv'])
    it(`finds no fault where sound ends before the picture does, in ${container}`, async () => {
      assert.deepEqual(await problemsOf(await clip(`short-sound.${container}`, 2, 1)), {
        'web-480p': [],
        'audio-m4a': [],
      })
    })

  it('finds the part that is missing', async () => {
    const problems = await problemsOf(await clip('half-made.mp4', 1, 1), await clip('all-made.mp4', 2, 2))
    for (const [name, [problem]] of Object.entries(problems))
      assert.match(problem ?? '', /^lasts 1\S* s instead of 2\S* s$/, name)
  })
})
