import assert from 'node:assert/strict'
import type { Stream } from '#shared/jobs/shapes.ts'
import { findPreset } from '#shared/presets/catalogue.ts'
import type { Settings } from '#shared/presets/settings.ts'
import {
  allowedDecoders,
  allowedFormats,
  allowedProtocols,
} from '../../../services/worker/ffmpeg/allow-lists.ts'
import { argvOf, encodeCommand } from '../../../services/worker/ffmpeg/command.ts'
import { decodeCommand } from '../../../services/worker/ffmpeg/decode-output.ts'
import { flagArguments } from '../../../services/worker/ffmpeg/excused-packets.ts'
import { defaultLimits } from '../../../services/worker/ffmpeg/limits.ts'
import { measureArguments } from '../../../services/worker/ffmpeg/measure-duration.ts'
import { planEncode } from '../../../services/worker/ffmpeg/plan.ts'
import { probeArguments } from '../../../services/worker/ffmpeg/probe.ts'
import { outputProbeArguments, stillCheckArguments } from '../../../services/worker/ffmpeg/verify-output.ts'

const limits = {
  ...defaultLimits,
  maxOutputBytes: 1_000_000,
  maxAllocBytes: 2_000,
  maxPixels: 3_000,
  maxStreams: 9,
}

const video: Stream = {
  index: 0,
  type: 'video',
  codec: 'h264',
  width: 1920,
  height: 1080,
  frameRate: '30000/1001',
  fieldOrder: 'progressive',
  durationSec: 10,
}
const audio: Stream = { index: 1, type: 'audio', codec: 'aac', channels: 6, durationSec: 10 }

function argvFor(
  streams: readonly Stream[],
  presets: readonly string[],
  settings: Settings = {},
): readonly string[] {
  const probed = {
    info: { container: 'mov', sizeBytes: 1, durationSec: 10, streams: [...streams] },
    languages: new Map([[1, 'deu']]),
  }
  const plan = planEncode(
    probed,
    presets.map((name) => {
      const preset = findPreset(name)
      return { name, kind: preset.kind, settings: { ...preset.settings, ...settings } }
    }),
    limits,
  )
  const paths = plan.outputs.map(({ name, kind }) =>
    kind === 'stills' ? { main: `/out/${name}`, spare: `/out/spare-${name}` } : { main: `/out/${name}` },
  )
  return argvOf(encodeCommand(plan, '/in/movie', paths, limits))
}

const guards = [
  ...['-max_alloc', '2000'],
  ...['-protocol_whitelist', 'file'],
  ...['-format_whitelist', allowedFormats.join(',')],
  ...['-codec_whitelist', allowedDecoders.join(',')],
  ...['-max_pixels', '3000'],
  ...['-max_streams', '10'],
]

const head = [
  ...['-nostdin', '-hide_banner', '-v', '+level+verbose', '-benchmark', '-nostats', '-stats_period', '0.5'],
  ...['-progress', 'pipe:2', ...guards, '-i', '/in/movie', '-y', '-filter_complex'],
]

const tail = ['-map_metadata', '-1', '-map_chapters', '-1']
const cut = ['-t', '80', '-fs', '1000000']
const mp4 = [...tail, '-max_muxing_queue_size', '4096', '-movflags', '+faststart', '-f', 'mp4', ...cut]

const scale = (size: string) =>
  `scale=${size}:flags=bicubic:in_color_matrix=bt709:out_color_matrix=bt709:out_range=tv,setsar=1,format=yuv420p,setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709`
const sound = 'aresample=async=1,aformat=sample_rates=48000:channel_layouts=stereo'

const h264 = (crf: string, maxrate: string, bufsize: string, gop = '60') => [
  ...['-fps_mode:v', 'vfr', '-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-crf', crf],
  ...['-maxrate:v', maxrate, '-bufsize:v', bufsize],
  ...['-force_key_frames', 'expr:gte(t,n_forced*2)', '-g', gop, '-flags:v', '+cgop'],
]

describe('The command line of an encode', () => {
  it('is this, whole, for one output', () => {
    assert.deepEqual(argvFor([video, audio], ['web-720p']), [
      ...head,
      `[0:0]${scale('1280:720')}[v0]`,
      ...['-filter_complex', `[0:1]${sound}[a0]`],
      ...['-map', '[v0]', ...h264('22', '4500000', '9000000')],
      ...['-map', '[a0]', '-c:a', 'aac', '-b:a', '128000', '-metadata:s:a:0', 'language=deu'],
      ...mp4,
      '/out/web-720p',
      ...['-map', '0:0', '-map', '0:1', '-c', 'copy', '-f', 'null', '-'],
    ])
  })

  it('is this, whole, for several outputs of one decode', () => {
    assert.deepEqual(argvFor([video, audio], ['web-1080p', 'web-480p', 'audio-m4a', 'poster-jpg']), [
      ...head,
      [
        '[0:0]split=3[s0_0][s0_1][s0_2]',
        `[s0_0]${scale('1920:1080')}[v0]`,
        `[s0_1]${scale('854:480')}[v1]`,
        "[s0_2]trim=end=60,select='isnan(prev_selected_t)+gte(t-prev_selected_t,0.5)',scale=1280:720:flags=bicubic:in_color_matrix=bt709:out_color_matrix=bt601:out_range=pc,setsar=1,format=yuvj420p,split=2[still3a][still3b]",
        '[still3a]blackframe=amount=0:threshold=32,metadata=mode=select:key=lavfi.blackframe.pblack:value=90:function=less,thumbnail=n=20[v3]',
        '[still3b]thumbnail=n=20[v3x]',
      ].join(';'),
      ...['-filter_complex', `[0:1]${sound},asplit=3[a0][a1][a2]`],
      ...['-map', '[v0]', ...h264('22', '8000000', '16000000')],
      ...[
        '-map',
        '[a0]',
        '-c:a',
        'aac',
        '-b:a',
        '160000',
        '-metadata:s:a:0',
        'language=deu',
        ...mp4,
        '/out/web-1080p',
      ],
      ...['-map', '[v1]', ...h264('23', '2000000', '4000000')],
      ...[
        '-map',
        '[a1]',
        '-c:a',
        'aac',
        '-b:a',
        '128000',
        '-metadata:s:a:0',
        'language=deu',
        ...mp4,
        '/out/web-480p',
      ],
      ...['-map', '[a2]', '-c:a', 'aac', '-b:a', '160000', '-metadata:s:a:0', 'language=deu'],
      ...mp4.map((word) => (word === 'mp4' ? 'ipod' : word)),
      '/out/audio-m4a',
      ...[
        '-map',
        '[v3]',
        '-frames:v',
        '1',
        '-c:v',
        'mjpeg',
        '-q:v',
        '3',
        ...tail,
        '-f',
        'mjpeg',
        ...cut,
        '/out/poster-jpg',
      ],
      ...[
        '-map',
        '[v3x]',
        '-frames:v',
        '1',
        '-c:v',
        'mjpeg',
        '-q:v',
        '3',
        ...tail,
        '-f',
        'mjpeg',
        ...cut,
        '/out/spare-poster-jpg',
      ],
      ...['-map', '0:0', '-map', '0:1', '-c', 'copy', '-f', 'null', '-'],
    ])
  })

  it('deinterlaces before it splits, and keeps the times of uneven frames', () => {
    const uneven: Stream = { ...video, fieldOrder: 'tt', variableFrameRate: true }
    const argv = argvFor([uneven], ['web-1080p', 'web-480p'])
    const graph = argv[argv.indexOf('-filter_complex') + 1] ?? ''
    assert.ok(
      graph.startsWith('[0:0]bwdif=mode=send_frame:deint=interlaced,split=2[s0_0][s0_1];[s0_0]scale='),
    )
    assert.equal(argv.filter((word) => word === '-enc_time_base:v').length, 2)
  })

  it('thins out before it scales', () => {
    const argv = argvFor([{ ...video, frameRate: '120' }], ['web-720p'])
    assert.match(argv[argv.indexOf('-filter_complex') + 1] ?? '', /^\[0:0\]fps=60,scale=/)
    assert.equal(argv[argv.indexOf('-g') + 1], '120')
  })

  it('follows settings for mean bitrate, level, effort and a fixed grid of keyframes', () => {
    const argv = argvFor([video], ['web-720p'], {
      video: {
        rateControl: 'average',
        bitrateBps: 1_000_000,
        level: '4.1',
        effort: 'high',
        fixedGop: true,
        gopSec: 1,
      },
    })
    const valueAfter = (option: string) => argv[argv.indexOf(option) + 1]
    assert.equal(valueAfter('-b:v'), '1000000')
    assert.equal(valueAfter('-maxrate:v'), '1500000')
    assert.equal(valueAfter('-bufsize:v'), '3000000')
    assert.equal(valueAfter('-level:v'), '4.1')
    assert.equal(valueAfter('-preset'), 'medium')
    assert.equal(valueAfter('-sc_threshold'), '0')
    assert.equal(valueAfter('-force_key_frames'), 'expr:gte(t,n_forced*1)')
    assert.ok(!argv.includes('-crf'))
  })

  it('holds nothing of what a user or a file named', () => {
    const argv = argvFor([{ ...video, language: 'x;y', codec: "h264'[evil]" }, audio], ['web-720p'])
    assert.ok(!argv.some((word) => word.includes('evil') || word.includes('x;y')))
  })
})

describe('The command lines of ffprobe', () => {
  const entries =
    'format=format_name,size,start_time,duration,bit_rate:stream=index,codec_type,codec_name,profile,width,height,pix_fmt,sample_aspect_ratio,field_order,color_space,color_transfer,color_primaries,color_range,avg_frame_rate,r_frame_rate,nb_frames,nb_read_packets,bit_rate,start_time,duration,channels,channel_layout,sample_rate:stream_disposition=default,attached_pic:stream_tags=language,DURATION,duration,DURATION-eng,NUMBER_OF_FRAMES,number_of_frames,NUMBER_OF_FRAMES-eng:stream_side_data=rotation'
  const asked = ['-show_entries', entries, '-of', 'json']

  it('are this, whole, for an input', () => {
    assert.deepEqual(probeArguments(limits, '/in/movie'), [
      // ffprobe does not know -max_alloc.
      ...['-v', 'error', '-hide_banner', ...guards.slice(2), ...asked, '-i', '/in/movie'],
    ])
  })

  it('are this, whole, for an output, of which packets are counted in the same pass', () => {
    assert.deepEqual(outputProbeArguments('/out/movie'), [
      ...['-v', 'error', '-hide_banner', '-protocol_whitelist', 'file', '-count_packets'],
      ...[...asked, '-i', '/out/movie'],
    ])
  })
})

describe('The command line of a whole decode', () => {
  it('is this, whole', () => {
    assert.deepEqual(argvOf(decodeCommand('/out/movie.mp4', limits)), [
      ...['-nostdin', '-hide_banner', '-v', '+level+verbose', '-nostats', '-stats_period', '0.5'],
      ...['-progress', 'pipe:2', ...guards, '-i', '/out/movie.mp4', '-y'],
      ...['-map', '0', '-enc_time_base', '-1', '-f', 'null', '-'],
    ])
  })
})

describe('The guards', () => {
  const foreign: readonly (readonly [string, readonly string[]])[] = [
    ['the encode', argvFor([video, audio], ['web-720p', 'poster-jpg'])],
    ['the probe', probeArguments(limits, '/in/movie')],
    ['the measuring of a length', measureArguments(limits, '/in/movie')],
    ['the decode of an output', argvOf(decodeCommand('/out/movie', limits))],
    ['the look for a keyframe', flagArguments(limits, '/in/movie', 0)],
  ]

  for (const [what, argv] of foreign) {
    it(`stand before the input of ${what}`, () => {
      const before = argv.slice(0, argv.indexOf('-i'))
      const valueAfter = (option: string) => before[before.indexOf(option) + 1]
      assert.equal(valueAfter('-protocol_whitelist'), 'file')
      assert.equal(valueAfter('-format_whitelist'), allowedFormats.join(','))
      assert.equal(valueAfter('-codec_whitelist'), allowedDecoders.join(','))
      assert.equal(valueAfter('-max_pixels'), '3000')
      assert.equal(valueAfter('-max_streams'), '10')
      for (const option of [
        '-protocol_whitelist',
        '-format_whitelist',
        '-codec_whitelist',
        '-max_pixels',
        '-max_streams',
      ]) {
        assert.ok(before.includes(option), `${what} lost its ${option}`)
      }
    })
  }

  it('bound the memory of one allocation wherever ffmpeg decodes', () => {
    for (const argv of [
      argvFor([video], ['web-720p']),
      measureArguments(limits, '/in'),
      stillCheckArguments('/out', limits),
      argvOf(decodeCommand('/out', limits)),
    ]) {
      assert.equal(argv[argv.indexOf('-max_alloc') + 1], '2000')
    }
  })

  it('bound the length and size of every output', () => {
    const argv = argvFor([video, audio], ['web-1080p', 'audio-m4a', 'poster-jpg'])
    const files = argv.flatMap((word, index) => (word.startsWith('/out/') ? [index] : []))
    assert.equal(files.length, 4)
    for (const index of files) assert.deepEqual(argv.slice(index - 4, index), cut)
    assert.ok(measureArguments(limits, '/in').includes('-t'))
  })

  it('let our own outputs be read from local files only', () => {
    for (const argv of [outputProbeArguments('/out/a'), stillCheckArguments('/out/a', limits)]) {
      assert.equal(argv[argv.indexOf('-protocol_whitelist') + 1], 'file')
    }
  })

  it('list nothing that fetches, reads other files, or is known for holes', () => {
    assert.deepEqual(allowedProtocols, ['file'])
    for (const format of [
      'hls',
      'dash',
      'concat',
      'concatf',
      'image2',
      'image2pipe',
      'sdp',
      'rtsp',
      'ffmetadata',
      'imf',
      'lavfi',
      'webm_dash_manifest',
      'tty',
      'png_pipe',
      'srt',
      'ass',
    ]) {
      assert.ok(!allowedFormats.includes(format), format)
    }
    for (const decoder of [
      'magicyuv',
      'exr',
      'tiff',
      'sanm',
      'libjxl',
      'librsvg',
      'gif',
      'webp',
      'cinepak',
      'indeo5',
      'svq3',
      'rv40',
    ]) {
      assert.ok(!allowedDecoders.includes(decoder), decoder)
    }
    assert.equal(new Set(allowedDecoders).size, allowedDecoders.length)
    assert.equal(new Set(allowedFormats).size, allowedFormats.length)
  })
})
