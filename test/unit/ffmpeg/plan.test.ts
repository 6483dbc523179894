import assert from 'node:assert/strict'
import type { Stream } from '#shared/jobs/shapes.ts'
import { findPreset } from '#shared/presets/catalogue.ts'
import type { Settings } from '#shared/presets/settings.ts'
import type { EncodePlan } from '../../../services/worker/ffmpeg/encode-plan.ts'
import { planEncode } from '../../../services/worker/ffmpeg/plan.ts'

const video: Stream = {
  index: 0,
  type: 'video',
  codec: 'h264',
  width: 1280,
  height: 720,
  frameRate: '25',
  fieldOrder: 'progressive',
}
const audio: Stream = { index: 1, type: 'audio', codec: 'aac', channels: 2 }

function plan(
  streams: readonly Stream[],
  preset = 'web-720p',
  more: { settings?: Settings; durationSec?: number; name?: string } = {},
): EncodePlan {
  const { kind, settings } = findPreset(preset)
  return planEncode(
    {
      info: {
        container: 'mov',
        sizeBytes: 1,
        startSec: 0,
        durationSec: more.durationSec ?? 10,
        streams: [...streams],
      },
      languages: new Map(),
    },
    [{ name: more.name ?? preset, kind, settings: { ...settings, ...more.settings } }],
    { maxDurationSec: 1000 },
  )
}

const movie = (...of: Parameters<typeof plan>) => {
  const [output] = plan(...of).outputs
  assert.ok(output?.kind === 'file')
  return output
}

describe('The plan of an encode', () => {
  it('takes the streams that the file marks as default, else the first, and never cover art', () => {
    const cover: Stream = { ...video, index: 3, codec: 'mjpeg', attachedPicture: true }
    const second: Stream = { ...audio, index: 2, isDefault: true }
    const { video: v, audio: a } = movie([cover, video, audio, second])
    assert.deepEqual([v?.stream, a?.stream], [0, 2])
    assert.throws(() => plan([cover, audio]), { code: 'input-no-video' })
  })

  it('leaves out sound that is not there, and fails an output that is nothing but sound', () => {
    assert.equal(movie([video]).audio, undefined)
    assert.throws(() => plan([video], 'audio-m4a'), { code: 'input-no-audio' })
    assert.throws(() => plan([audio]), { code: 'input-no-video' })
    assert.throws(() => plan([audio], 'poster-jpg'), { code: 'input-no-video' })
  })

  it('never adds channels, and gives mono half the bits', () => {
    const heard = (channels: number) => movie([video, { ...audio, channels }]).audio
    assert.deepEqual([heard(1)?.channels, heard(1)?.bitrateBps], [1, 64_000])
    assert.deepEqual([heard(6)?.channels, heard(6)?.bitrateBps], [2, 128_000])
  })

  it('expects an output to be as long as the longest stream that goes into it', () => {
    const streams = [
      { ...video, durationSec: 8, startSec: 0 },
      { ...audio, durationSec: 9, startSec: 0.5 },
    ]
    assert.deepEqual(movie(streams).expects, { minSec: 9.5, maxSec: 9.5 })
    assert.deepEqual(movie(streams, 'audio-m4a').expects, { minSec: 9.5, maxSec: 9.5 })
    assert.deepEqual(movie([video]).expects, { minSec: 10, maxSec: 10 })
    // What is known of the whole is that of its longest stream, which need not be this one.
    assert.equal(movie([video, audio], 'audio-m4a').expects, undefined)
  })

  it('bounds every output by twice the length of the input, or by the limit', () => {
    assert.equal(plan([video], 'web-720p', { durationSec: 10 }).maxSec, 80)
    assert.equal(plan([video], 'web-720p', { durationSec: 900 }).maxSec, 1000)
  })

  it('says how colours are to be read: as the file says, else as players guess by size', () => {
    assert.equal(movie([video]).video?.color.matrix, 'bt709')
    assert.equal(movie([{ ...video, width: 720, height: 576 }]).video?.color.matrix, 'bt470bg')
    assert.equal(movie([{ ...video, width: 720, height: 480 }]).video?.color.matrix, 'smpte170m')
    assert.equal(
      movie([{ ...video, width: 320, height: 180, colorSpace: 'bt709' }]).video?.color.matrix,
      'bt709',
    )
    assert.equal(movie([{ ...video, colorSpace: 'gbr' }]).video?.color.matrix, 'bt709')
  })

  it('says which matrix the input is taken to be in only where the file does not', () => {
    assert.equal(movie([video]).video?.assumedMatrix, 'bt709')
    assert.equal(movie([{ ...video, width: 720, height: 480 }]).video?.assumedMatrix, 'smpte170m')
    assert.equal(movie([{ ...video, colorSpace: 'smpte170m' }]).video?.assumedMatrix, undefined)
    const still = plan([video], 'poster-jpg').outputs[0]
    assert.equal(still?.kind === 'stills' && still.assumedMatrix, 'bt709')
  })

  it('brings high dynamic range down to what H.264 in 8 bits can show', () => {
    const hdr: Stream = {
      ...video,
      hdr: 'hdr10',
      colorTransfer: 'smpte2084',
      colorSpace: 'bt2020nc',
      colorPrimaries: 'bt2020',
    }
    assert.equal(movie([hdr]).video?.toneMapFrom, 'smpte2084')
    assert.deepEqual(movie([hdr]).video?.color, { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' })
  })

  it('deinterlaces what is marked, and what may be interlaced without being marked', () => {
    assert.equal(movie([video]).video?.deinterlace, false)
    assert.equal(movie([{ ...video, fieldOrder: 'tt' }]).video?.deinterlace, true)
    const { fieldOrder: _, ...unmarked } = video
    assert.equal(movie([unmarked]).video?.deinterlace, false)
    assert.equal(movie([{ ...unmarked, codec: 'mpeg2video' }]).video?.deinterlace, true)
  })

  it('makes file names that are safe anywhere, whatever an output is called', () => {
    const named = (name: string) => plan([video], 'web-720p', { name }).outputs[0]?.fileName
    assert.deepEqual(['a b/../c', '..', '-rf', 'ünï', 'web_1-x'].map(named), [
      'a-b-c.mp4',
      'output.mp4',
      'rf.mp4',
      'n.mp4',
      'web_1-x.mp4',
    ])
  })
})
