import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { clipFolder, fastH264, makeClip, picture, tone } from '../../support/clips.ts'
import { changed, spliced } from './damage.ts'
import { type MovieCase, succeeds } from './movie-case.ts'
import { wholeMovies as whole } from './whole-movies.ts'

const small = (sec = 2, size = '160x90') => [...picture(size, sec)]
const mpegTs = (name: string, args: readonly string[]) => makeClip(name, [...args, '-f', 'mpegts'])
const sound = { preset: 'audio-m4a' } as const

/** Movies that are whole and unusual: nothing of them may be lost, and nobody may be alarmed. */
export const oddMovies: readonly MovieCase[] = [
  // Times
  {
    name: 'a gap of 5 s in the timestamps of Matroska',
    make: () =>
      makeClip('gap.mkv', [
        ...small(),
        '-vf',
        "setpts='PTS+gte(N,25)*5/TB'",
        '-fps_mode',
        'vfr',
        ...fastH264,
      ]),
    outcome: succeeds({ frames: 50, sec: 7 }),
  },
  {
    name: 'a gap of half an hour in MP4',
    make: () =>
      makeClip('gap.mp4', [
        ...small(),
        '-vf',
        "setpts='PTS+gte(N,25)*1800/TB'",
        '-fps_mode',
        'vfr',
        ...fastH264,
      ]),
    outcome: succeeds({ frames: 50, sec: 1802 }),
  },
  {
    name: 'a gap of 5 s in the sound',
    make: () =>
      makeClip('gap-a.mkv', [
        ...small(7),
        ...tone(2),
        '-af',
        "asetpts='PTS+gte(T,1)*5/TB'",
        ...fastH264,
        '-c:a',
        'pcm_s16le',
      ]),
    outcome: succeeds({ frames: 175, sec: 7 }),
  },
  {
    name: 'MPEG-TS whose clock wraps around',
    make: async () =>
      mpegTs('wrap.ts', [
        '-i',
        await whole.mkv(),
        '-c',
        'copy',
        '-output_ts_offset',
        '95442.7',
        '-muxdelay',
        '0',
      ]),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  // A splice: the clock jumps half a minute, and nothing is missing in between.
  {
    name: 'MPEG-TS whose clock jumps by 30 s',
    make: async () =>
      spliced(
        await whole.ts(),
        await mpegTs('later.ts', ['-i', await whole.mkv(), '-c', 'copy', '-output_ts_offset', '32']),
      ),
    outcome: succeeds({ frames: 100, sec: 4, warnings: ['input-timestamps'] }),
  },
  {
    name: 'timestamps that start below zero',
    make: async () =>
      makeClip('negative.mkv', [
        '-i',
        await whole.mkv(),
        '-c',
        'copy',
        '-output_ts_offset',
        '-0.5',
        '-avoid_negative_ts',
        'disabled',
      ]),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  {
    name: 'timestamps that start at an hour',
    make: async () =>
      makeClip('late.mkv', ['-i', await whole.mkv(), '-c', 'copy', '-output_ts_offset', '3600']),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  {
    name: 'sound that starts 0.7 s late',
    make: async () =>
      makeClip('late-sound.mp4', [...small(), '-itsoffset', '0.7', ...tone(1.3), ...fastH264, '-c:a', 'aac']),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  {
    name: 'pictures that start 0.7 s late',
    make: async () =>
      makeClip('late-picture.mkv', [
        '-itsoffset',
        '0.7',
        ...small(1),
        ...tone(2),
        ...fastH264,
        '-c:a',
        'aac',
      ]),
    outcome: succeeds({ frames: 25, sec: 2 }),
  },
  {
    name: 'sound longer than the pictures',
    make: () => makeClip('long-sound.mp4', [...small(1), ...tone(3), ...fastH264, '-c:a', 'aac']),
    outcome: succeeds({ frames: 25, sec: 3 }),
  },
  {
    name: 'pictures longer than the sound',
    make: () => makeClip('long-picture.mp4', [...small(3), ...tone(1), ...fastH264, '-c:a', 'aac']),
    outcome: succeeds({ frames: 75, sec: 3 }),
  },
  {
    name: 'a variable frame rate',
    make: () =>
      makeClip('uneven.mp4', [
        ...picture('160x90', 2, '30'),
        '-vf',
        "select='not(mod(n,3))+lt(t,1)'",
        '-fps_mode',
        'vfr',
        ...fastH264,
      ]),
    outcome: succeeds({ frames: 40, sec: 2 }),
  },
  {
    name: 'one frame of a second',
    make: () => makeClip('one.mp4', [...picture('160x90', 1, '1'), ...fastH264]),
    outcome: succeeds({ frames: 1, sec: 1 }),
  },
  {
    name: '24 frames in 1.001 s',
    make: () => makeClip('ntsc.mp4', [...picture('160x90', 2, '24000/1001'), ...fastH264]),
    outcome: succeeds({ frames: 48, sec: 2 }),
  },

  // Frames that depend on others
  {
    name: 'open groups of pictures, whole',
    make: () =>
      makeClip('open.mkv', [...small(), '-c:v', 'libx264', '-x264-params', 'open-gop=1:keyint=10:bframes=3']),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  // 3 packets of tables, then on from within the first group: a keyframe comes every 25 frames.
  {
    name: 'MPEG-TS that starts between two keyframes',
    make: async () =>
      changed(await whole.ts(), (bytes) =>
        Buffer.concat([bytes.subarray(0, 3 * 188), bytes.subarray(Math.floor(bytes.length / 188 / 4) * 188)]),
      ),
    outcome: succeeds({ warnings: ['input-starts-mid-gop'] }),
  },
  {
    name: 'MP4 whose edit list hides its first second',
    make: async () => makeClip('edited.mp4', ['-ss', '0.52', '-i', await whole.mp4(), '-c', 'copy']),
    outcome: succeeds({ frames: 37 }),
  },
  { name: 'MP4 in fragments', make: whole.fragmented, outcome: succeeds({ frames: 50, sec: 2 }) },
  {
    name: 'pictures that change their size on the way',
    make: async () =>
      spliced(
        await whole.ts(),
        await mpegTs('size-change.ts', [
          ...picture('320x180', 2),
          ...tone(2),
          ...fastH264,
          '-c:a',
          'aac',
          '-output_ts_offset',
          '2.1',
        ]),
      ),
    outcome: succeeds({ frames: 100, sec: 4, size: '160x90' }),
  },
  {
    name: 'sound that becomes stereo on the way',
    make: async () =>
      spliced(
        await whole.ts(),
        await mpegTs('stereo-change.ts', [
          ...small(),
          ...tone(2, 'stereo'),
          ...fastH264,
          '-c:a',
          'aac',
          '-output_ts_offset',
          '2.1',
        ]),
      ),
    outcome: succeeds({ frames: 100, sec: 4 }),
  },
  // AVI writes a frame that equals the one before as a packet of zero bytes.
  {
    name: 'AVI with packets of zero bytes',
    make: () =>
      makeClip('zero.avi', [
        ...small(),
        '-c:v',
        'mpeg4',
        '-bsf:v',
        'noise=amount=0',
        '-vf',
        "select='not(mod(n,2))'",
        '-fps_mode',
        'vfr',
        '-r',
        '25',
      ]),
    outcome: succeeds({ frames: 25, sec: 2 }),
  },

  // Pictures
  {
    name: 'a picture that is turned by 90 degrees',
    make: async () =>
      makeClip('turned-c.mp4', ['-i', await whole.mp4(), '-c', 'copy', '-metadata:s:v:0', 'rotate=90']),
    outcome: succeeds({ frames: 50, sec: 2, size: '90x160' }),
  },
  {
    name: 'a picture that is turned by 180 degrees',
    make: async () =>
      makeClip('upside-down.mp4', ['-i', await whole.mp4(), '-c', 'copy', '-metadata:s:v:0', 'rotate=180']),
    outcome: succeeds({ frames: 50, sec: 2, size: '160x90' }),
  },
  {
    name: 'interlaced MPEG-2',
    make: () =>
      mpegTs('interlaced-c.ts', [
        ...picture('160x96', 2, '50'),
        '-vf',
        'tinterlace=interleave_top,setfield=tff',
        '-c:v',
        'mpeg2video',
        '-flags',
        '+ildct+ilme',
        '-b:v',
        '1M',
      ]),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  {
    name: 'interlaced H.264',
    make: () =>
      mpegTs('interlaced-h264.ts', [
        ...picture('160x96', 2, '50'),
        '-vf',
        'tinterlace=interleave_top,setfield=tff',
        '-c:v',
        'libx264',
        '-x264-params',
        'tff=1',
        '-flags',
        '+ildct+ilme',
      ]),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  {
    name: 'odd sizes',
    make: () =>
      makeClip('odd-c.mkv', [...small(1), '-vf', 'scale=161:91', '-c:v', 'ffv1', '-pix_fmt', 'yuv444p']),
    outcome: succeeds({ frames: 25, size: '162x92' }),
  },
  {
    name: 'a picture of 16 x 16',
    make: () => makeClip('tiny.mp4', [...small(1, '16x16'), ...fastH264]),
    outcome: succeeds({ frames: 25, size: '16x16' }),
  },
  {
    name: 'a very wide picture',
    make: () => makeClip('wide.mkv', [...small(1, '1600x16'), '-c:v', 'ffv1']),
    outcome: succeeds({ frames: 25, size: '854x8' }),
  },
  {
    name: 'anamorphic pictures',
    make: () => makeClip('wide-pixels.mp4', [...small(1), '-vf', 'setsar=4/3', ...fastH264]),
    outcome: succeeds({ frames: 25, size: '214x90' }),
  },
  {
    name: '10-bit HEVC',
    make: () =>
      makeClip('hevc10.mp4', [
        ...small(1),
        '-c:v',
        'libx265',
        '-preset',
        'ultrafast',
        '-pix_fmt',
        'yuv420p10le',
        '-x265-params',
        'log-level=none',
      ]),
    outcome: succeeds({ frames: 25 }),
  },
  {
    name: 'HDR10',
    make: () =>
      makeClip('hdr.mkv', [
        ...small(1),
        '-c:v',
        'libx265',
        '-preset',
        'ultrafast',
        '-pix_fmt',
        'yuv420p10le',
        '-x265-params',
        'log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc',
      ]),
    outcome: succeeds({ frames: 25 }),
  },
  {
    name: 'RGB with transparency',
    make: () => makeClip('alpha.mov', [...small(1), '-c:v', 'qtrle', '-pix_fmt', 'argb']),
    outcome: succeeds({ frames: 25 }),
  },
  {
    name: 'full range JPEG pictures',
    make: () => makeClip('mjpeg.avi', [...small(1), '-c:v', 'mjpeg', '-pix_fmt', 'yuvj422p']),
    outcome: succeeds({ frames: 25 }),
  },
  {
    name: 'grey pictures',
    make: () => makeClip('grey.mkv', [...small(1), '-c:v', 'ffv1', '-pix_fmt', 'gray']),
    outcome: succeeds({ frames: 25 }),
  },

  // Sound and other tracks
  {
    name: 'sound in 5.1',
    make: () => makeClip('surround.mkv', [...small(1), ...tone(1, '5.1'), ...fastH264, '-c:a', 'ac3']),
    outcome: succeeds({ frames: 25, channels: 2 }),
  },
  {
    name: 'mono at 8 kHz',
    ...sound,
    make: () => makeClip('phone.wav', [...tone(2), '-ar', '8000', '-c:a', 'pcm_mulaw']),
    outcome: succeeds({ sec: 2, channels: 1 }),
  },
  {
    name: 'no sound',
    make: () => makeClip('mute.mp4', [...small(1), ...fastH264]),
    outcome: succeeds({ frames: 25 }),
  },
  {
    name: 'several sound tracks, the second marked as default',
    make: () =>
      makeClip('tracks.mkv', [
        ...small(1),
        ...tone(1),
        ...tone(1, 'stereo'),
        '-map',
        '0',
        '-map',
        '1',
        '-map',
        '2',
        ...fastH264,
        '-c:a',
        'aac',
        '-disposition:a:0',
        '0',
        '-disposition:a:1',
        'default',
      ]),
    outcome: succeeds({ frames: 25, channels: 2 }),
  },
  {
    name: 'a movie with cover art',
    make: async () =>
      makeClip('cover.mp4', [
        '-i',
        await whole.mp4(),
        '-i',
        await makeClip('cover.jpg', [...small(0.04, '64x64'), '-frames:v', '1']),
        '-map',
        '0',
        '-map',
        '1',
        '-c',
        'copy',
        '-disposition:v:1',
        'attached_pic',
      ]),
    outcome: succeeds({ frames: 50, sec: 2, size: '160x90' }),
  },
  {
    name: 'a song with cover art',
    ...sound,
    make: async () =>
      makeClip('cover.mp3', [
        '-i',
        await whole.mp3(),
        '-i',
        await makeClip('cover.jpg', [...small(0.04, '64x64'), '-frames:v', '1']),
        '-map',
        '0',
        '-map',
        '1',
        '-c',
        'copy',
      ]),
    outcome: succeeds({ sec: 4 }),
  },
  {
    name: 'MP4 with subtitles',
    make: async () =>
      makeClip('titles.mp4', [
        '-i',
        await whole.mp4(),
        '-i',
        await subtitles(),
        '-map',
        '0',
        '-map',
        '1',
        '-c',
        'copy',
        '-c:s',
        'mov_text',
      ]),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  {
    name: 'Matroska with subtitles',
    make: async () =>
      makeClip('titles.mkv', [
        '-i',
        await whole.mkv(),
        '-i',
        await subtitles(),
        '-map',
        '0',
        '-map',
        '1',
        '-c',
        'copy',
        '-c:s',
        'ass',
      ]),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  {
    name: 'MOV with a timecode track',
    make: async () => makeClip('timecode.mov', [...small(1), ...fastH264, '-timecode', '10:00:00:00']),
    outcome: succeeds({ frames: 25 }),
  },

  // Containers and codecs
  {
    name: 'WebM with VP8 and its hidden frames',
    make: () =>
      makeClip('hidden.webm', [
        ...small(),
        '-c:v',
        'libvpx',
        '-auto-alt-ref',
        '1',
        '-lag-in-frames',
        '16',
        '-b:v',
        '200k',
      ]),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  {
    name: 'WebM with VP9 and Opus',
    make: () =>
      makeClip('vp9.webm', [
        ...small(1),
        ...tone(1),
        '-c:v',
        'libvpx-vp9',
        '-deadline',
        'realtime',
        '-cpu-used',
        '8',
        '-c:a',
        'libopus',
      ]),
    outcome: succeeds({ frames: 25 }),
  },
  {
    name: 'WebM that does not say how long it is',
    make: () => makeClip('live-c.webm', [...small(), '-c:v', 'libvpx', '-live', '1']),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  {
    name: 'MP4 with AV1',
    make: () => makeClip('av1.mp4', [...small(1), '-c:v', 'libsvtav1', '-preset', '12']),
    outcome: succeeds({ frames: 25 }),
  },
  {
    name: 'AVI with MPEG-4 and B-frames',
    make: () => makeClip('bframes.avi', [...small(), '-c:v', 'mpeg4', '-bf', '2']),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  {
    name: 'Windows Media',
    make: () => makeClip('windows.wmv', [...small(), ...tone(2), '-c:v', 'wmv2', '-c:a', 'wmav2']),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  {
    name: 'DV',
    make: () =>
      makeClip('tape.dv', [
        ...picture('720x576', 1, '25'),
        ...tone(1, 'stereo'),
        '-c:v',
        'dvvideo',
        '-pix_fmt',
        'yuv420p',
      ]),
    outcome: succeeds({ frames: 25 }),
  },
  { name: 'FLV', make: whole.flv, outcome: succeeds({ frames: 50, sec: 2 }) },
  { name: 'MPEG program stream', make: whole.mpeg, outcome: succeeds({ frames: 50, sec: 2 }) },
  { name: 'MXF', make: whole.mxf, outcome: succeeds({ frames: 50, sec: 2 }) },
  { name: 'Ogg with Theora', make: whole.ogv, outcome: succeeds({ frames: 50, sec: 2 }) },
  { name: 'MOV with ProRes', make: whole.mov, outcome: succeeds({ frames: 50, sec: 2 }) },
  { name: 'MPEG-TS', make: whole.ts, outcome: succeeds({ frames: 50, sec: 2 }) },
  {
    name: 'raw AAC',
    ...sound,
    make: () => makeClip('raw.aac', [...tone(3), '-c:a', 'aac']),
    outcome: succeeds({ sec: 3 }),
  },
  { name: 'MP3', ...sound, make: whole.mp3, outcome: succeeds({ sec: 4 }) },
  { name: 'FLAC', ...sound, make: whole.flac, outcome: succeeds({ sec: 4 }) },
  { name: 'Ogg Vorbis', ...sound, make: whole.ogg, outcome: succeeds({ sec: 4 }) },
  {
    name: 'Apple Lossless',
    ...sound,
    make: () => makeClip('alac.m4a', [...tone(2), '-c:a', 'alac']),
    outcome: succeeds({ sec: 2 }),
  },
  {
    name: '24-bit AIFF',
    ...sound,
    make: () => makeClip('studio.aiff', [...tone(2), '-c:a', 'pcm_s24be']),
    outcome: succeeds({ sec: 2 }),
  },
]

async function subtitles(): Promise<string> {
  const file = path.join(clipFolder(), 'titles.srt')
  await writeFile(file, '1\n00:00:00,000 --> 00:00:01,500\nHello\n')
  return file
}
