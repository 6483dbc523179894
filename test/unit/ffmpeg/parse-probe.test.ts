import assert from 'node:assert/strict'
import { fraction, parseProbe } from '../../../services/worker/ffmpeg/parse-probe.ts'

const parse = (stream: object, format: object = {}) =>
  parseProbe(JSON.stringify({ streams: [{ index: 0, codec_type: 'video', ...stream }], format }))

describe("ffprobe's answer", () => {
  it('becomes MediaInfo, without what is not known', () => {
    const { info } = parse(
      {
        codec_name: 'h264',
        width: 320,
        height: 180,
        pix_fmt: 'yuv420p',
        sample_aspect_ratio: '1:1',
        field_order: 'unknown',
        color_space: 'reserved',
        avg_frame_rate: '30000/1001',
        r_frame_rate: '30000/1001',
        nb_frames: '60',
        duration: '2.002',
        start_time: '0.0',
        bit_rate: 'N/A',
      },
      { format_name: 'mov,mp4', size: '1000', duration: 'N/A', start_time: '0.000000' },
    )
    assert.deepEqual(info, {
      container: 'mov,mp4',
      sizeBytes: 1000,
      startSec: 0,
      streams: [
        {
          index: 0,
          type: 'video',
          codec: 'h264',
          width: 320,
          height: 180,
          pixelFormat: 'yuv420p',
          frameRate: '30000/1001',
          frameCount: 60,
          packetCount: 60,
          startSec: 0,
          durationSec: 2.002,
        },
      ],
    })
  })

  it('tells how far a player turns the picture, clockwise', () => {
    const turned = (rotation: number) =>
      parse({ side_data_list: [{ rotation }] }).info.streams[0]?.rotationDeg
    assert.deepEqual([-90, 90, 180, -180, 0, -89.7].map(turned), [90, 270, 180, 180, undefined, 90])
  })

  it('tells uneven frames from even ones', () => {
    const uneven = (mean: string, base: string) =>
      parse({ avg_frame_rate: mean, r_frame_rate: base }).info.streams[0]?.variableFrameRate
    assert.equal(uneven('25/1', '25/1'), undefined)
    assert.equal(uneven('2997/100', '30000/1001'), undefined)
    assert.equal(uneven('200/9', '30/1'), true)
  })

  it('knows pixels that are not square, high dynamic range, and cover art', () => {
    const { info } = parse({
      sample_aspect_ratio: '16:11',
      color_transfer: 'smpte2084',
      disposition: { default: 1, attached_pic: 1 },
    })
    const [stream] = info.streams
    assert.deepEqual(
      [stream?.sampleAspect, stream?.hdr, stream?.isDefault, stream?.attachedPicture],
      ['16/11', 'hdr10', true, true],
    )
  })

  it('reads languages as BCP 47 and keeps the code that MP4 needs', () => {
    const { info, languages } = parse({ codec_type: 'audio', tags: { language: 'ger' } })
    assert.equal(info.streams[0]?.language, 'de')
    assert.equal(languages.get(0), 'ger')
    assert.equal(parse({ tags: { language: 'und' } }).languages.size, 0)
    assert.equal(parse({ tags: { language: '$(reboot)' } }).languages.size, 0)
  })

  it('reads the length and count that Matroska keeps in tags', () => {
    const [stream] = parse({ tags: { DURATION: '00:01:02.500000000', NUMBER_OF_FRAMES: '1500' } }).info
      .streams
    assert.deepEqual([stream?.durationSec, stream?.packetCount], [62.5, 1500])
  })

  it('is refused when it is something else', () => {
    assert.throws(() => parseProbe('ffprobe: not found'))
    assert.throws(() => parseProbe('{"streams": [{"index": "x"}]}'))
  })

  it('has rates that are fractions', () => {
    assert.deepEqual(['25', '30000/1001', '0/0', '', undefined].map(fraction), [
      25,
      30000 / 1001,
      undefined,
      undefined,
      undefined,
    ])
  })
})
