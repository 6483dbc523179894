import assert from 'node:assert/strict'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ErrorCode } from '#shared/error-codes.ts'
import { blackPng } from '../../support/black-png.ts'
import { clipFolder, everydayClip, fastH264, makeClip, picture, tone } from '../../support/clips.ts'
import { codeOf, encodeClip } from '../../support/encode-clip.ts'
import { requireTool } from '../../support/tools.ts'

const write = async (name: string, content: string | Buffer) => {
  const file = path.join(clipFolder(), name)
  await writeFile(file, content)
  return file
}

const firstPart = async (name: string, of: string, ratio: number) => {
  const bytes = await readFile(of)
  return write(name, bytes.subarray(0, Math.floor(bytes.length * ratio)))
}

/** What is sent, as users send it by mistake or malice -> how the job must fail. */
const refused: readonly (readonly [string, ErrorCode, () => Promise<string>])[] = [
  ['an empty file', 'input-empty', () => write('empty.mp4', '')],
  ['a text file', 'input-not-media', () => write('text.mp4', 'Once upon a time.\n'.repeat(50))],
  [
    'random bytes',
    'input-not-media',
    () =>
      write(
        'random.mp4',
        Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 197 + (i >> 3) * 61) % 256)),
      ),
  ],
  ['an archive', 'input-not-media', () => write('zip.mp4', Buffer.from('504b030414000000080000', 'hex'))],
  [
    'a picture named .mp4',
    'input-format-not-allowed',
    async () => {
      const png = await makeClip('picture.png', [...picture('64x64', 0.04), '-frames:v', '1'])
      await copyFile(png, `${png}.mp4`)
      return `${png}.mp4`
    },
  ],
  [
    'an HLS playlist named .mp4',
    'input-format-not-allowed',
    () => write('hls.mp4', '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\neveryday.mp4\n#EXT-X-ENDLIST\n'),
  ],
  [
    'a concat script named .mp4',
    'input-format-not-allowed',
    () => write('concat.mp4', "ffconcat version 1.0\nfile 'everyday.mp4'\n"),
  ],
  [
    'a DASH manifest named .mp4',
    'input-format-not-allowed',
    () => write('dash.mp4', '<?xml version="1.0"?><MPD></MPD>'),
  ],
  [
    'an MP4 without its index',
    'input-truncated',
    // The index stands at the end unless asked otherwise, so every cut loses it.
    async () => firstPart('no-index.mp4', await everydayClip(), 0.9),
  ],
  [
    'an MP4 cut in half',
    'input-truncated',
    async () => {
      const whole = await makeClip('faststart.mp4', [
        ...picture(),
        ...tone(),
        ...fastH264,
        '-c:a',
        'aac',
        '-movflags',
        '+faststart',
      ])
      return firstPart('half.mp4', whole, 0.5)
    },
  ],
  [
    'a movie of zero seconds',
    'input-no-duration',
    () => makeClip('zero.mp4', [...picture('64x64', 0.04), '-frames:v', '0', ...fastH264]),
  ],
  [
    'a decoder that is not allowed',
    'input-codec-not-allowed',
    () => makeClip('magic.avi', [...picture('64x64', 0.2), '-c:v', 'magicyuv']),
  ],
  [
    'a picture of 16k x 16k',
    'input-too-large',
    async () => {
      const png = await write('huge.png', blackPng(16_000, 16_000))
      return makeClip('huge.mov', ['-i', png, '-c', 'copy'])
    },
  ],
  ...['mkv', 'mov', 'ts'].map((container): (typeof refused)[number] => [
    `400 streams in ${container}`,
    'input-too-large',
    async () => {
      const sound = await makeClip('tone.mp2', [...tone(0.1), '-c:a', 'mp2'])
      const maps = Array.from({ length: 400 }, () => ['-map', '0:a']).flat()
      return makeClip(`streams.${container}`, ['-i', sound, ...maps, '-c', 'copy'])
    },
  ]),
]

describe('Inputs that must fail well', () => {
  before(function () {
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
  })

  for (const [what, code, make] of refused) {
    it(`${what} fails with ${code}`, async () => {
      assert.equal(await codeOf(encodeClip(await make(), ['web-720p'])), code)
    })
  }

  it('a wrong extension is no reason to fail', async () => {
    const clip = path.join(clipFolder(), 'everyday.txt')
    await copyFile(await everydayClip(), clip)
    assert.equal(await codeOf(encodeClip(clip, ['web-720p'])), 'succeeded')
  })

  it('a WebM that does not say how long it is, as browsers record it, is encoded whole', async () => {
    const clip = await makeClip('live.webm', [...picture('64x64', 1), '-c:v', 'libvpx', '-live', '1'])
    const result = await encodeClip(clip, ['web-720p'])
    assert.equal(result.outputs[0]?.streams[0]?.frameCount, 25)
  })
})
