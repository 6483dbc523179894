import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { fastH264, makeClip } from '../../support/clips.ts'
import { encodeClip } from '../../support/encode-clip.ts'
import { requireTool } from '../../support/tools.ts'

interface Red {
  readonly what: string
  readonly size: string
  /** Pure red in Y, Cb, Cr of the matrix that the movie is in. */
  readonly yuv: readonly [number, number, number]
  /** What the file says of it. */
  readonly tags: readonly string[]
  readonly matrix: string
  /** What it becomes, when that is something else. */
  readonly becomes?: readonly [number, number, number]
}

const by709 = { yuv: [63, 102, 240], matrix: 'bt709' } as const
const by601 = { yuv: [81, 90, 240], matrix: 'smpte170m' } as const
const said = (matrix: string) => [
  ...['-colorspace', matrix, '-color_primaries', matrix, '-color_trc', matrix, '-color_range', 'tv'],
]

const reds: readonly Red[] = [
  { what: 'HD that says BT.709', size: '1280x720', ...by709, tags: said('bt709') },
  { what: 'HD that says nothing', size: '1280x720', ...by709, tags: [] },
  { what: 'HD that says BT.601', size: '1280x720', ...by601, tags: said('smpte170m') },
  { what: 'SD that says BT.601', size: '640x480', ...by601, tags: said('smpte170m') },
  { what: 'SD that says nothing', size: '640x480', ...by601, tags: [] },
  { what: 'SD that says BT.709', size: '640x480', ...by709, tags: said('bt709') },
  {
    what: 'HD that says nothing but that its range is full',
    size: '1280x720',
    yuv: [54, 99, 255],
    becomes: by709.yuv,
    matrix: 'bt709',
    tags: ['-color_range', 'pc'],
  },
]

/** A pixel from the middle of the first picture. */
async function pixel(file: string, format: 'yuv444p' | 'rgb24'): Promise<number[]> {
  const { stdout } = await promisify(execFile)(
    'ffmpeg',
    [
      ...['-v', 'error', '-i', file, '-frames:v', '1', '-vf', `format=${format},crop=1:1:100:100`],
      ...['-f', 'rawvideo', '-'],
    ],
    { encoding: 'buffer' },
  )
  return [...stdout]
}

const near = (actual: readonly number[], expected: readonly number[], what: string) =>
  assert.ok(
    actual.length === 3 && expected.every((value, i) => Math.abs(value - (actual[i] ?? Number.NaN)) <= 3),
    `${what}: ${actual} instead of ${expected}`,
  )

describe('The colours of a movie', () => {
  before(function () {
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
  })

  for (const [index, { what, size, yuv, becomes = yuv, tags, matrix }] of reds.entries()) {
    it(`stay what they are: ${what}`, async () => {
      const [y, cb, cr] = yuv
      const clip = await makeClip(`red-${index}.mp4`, [
        ...[
          '-f',
          'lavfi',
          '-i',
          `color=s=${size}:d=0.4,format=yuv420p,geq=lum=${y}:cb=${cb}:cr=${cr},setparams=range=${tags.includes('pc') ? 'pc' : 'tv'}`,
        ],
        ...[...fastH264, '-qp', '0', ...tags],
      ])
      const { outputs } = await encodeClip(clip, ['web-480p', 'poster-jpg'])
      const [movie, poster] = outputs
      near(await pixel(movie?.files[0]?.localPath ?? '', 'yuv444p'), becomes, 'the movie')
      assert.equal(movie?.streams[0]?.colorSpace, matrix)
      near(await pixel(poster?.files[0]?.localPath ?? '', 'rgb24'), [254, 0, 0], 'the poster')
    })
  }
})
