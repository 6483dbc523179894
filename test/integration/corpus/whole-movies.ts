import { makeClip, picture, tone } from '../../support/clips.ts'

const h264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-g', '25', '-pix_fmt', 'yuv420p']
// High enough that two seconds are some dozens of kilobytes: damage in the middle hits picture and sound.
const movie = [...picture('160x90', 2), ...tone(2), ...h264, '-b:v', '300k', '-c:a', 'aac', '-b:a', '64k']

/** The whole movies that damage is done to: two seconds, 50 frames, with sound unless the name says otherwise. */
export const wholeMovies = {
  mp4: () => makeClip('whole.mp4', movie),
  faststart: () => makeClip('whole-faststart.mp4', [...movie, '-movflags', '+faststart']),
  fragmented: () => makeClip('whole-fragmented.mp4', [...movie, '-movflags', '+frag_keyframe+empty_moov']),
  mkv: () => makeClip('whole.mkv', movie),
  ts: () => makeClip('whole.ts', movie),
  m2ts: () => makeClip('whole.m2ts', [...movie, '-f', 'mpegts', '-mpegts_m2ts_mode', '1']),
  flv: () => makeClip('whole.flv', movie),
  avi: () =>
    makeClip('whole.avi', [
      ...picture('160x90', 2),
      ...tone(2),
      '-c:v',
      'mpeg4',
      '-b:v',
      '300k',
      '-c:a',
      'libmp3lame',
    ]),
  webm: () =>
    makeClip('whole.webm', [
      ...picture('160x90', 2),
      ...tone(2),
      '-c:v',
      'libvpx',
      '-b:v',
      '300k',
      '-c:a',
      'libvorbis',
    ]),
  mpeg: () =>
    makeClip('whole.mpg', [
      ...picture('160x96', 2),
      ...tone(2),
      '-c:v',
      'mpeg2video',
      '-b:v',
      '500k',
      '-c:a',
      'mp2',
    ]),
  mov: () =>
    makeClip('whole.mov', [
      ...picture('160x90', 2),
      ...tone(2),
      '-c:v',
      'prores',
      '-c:a',
      'pcm_s16le',
      '-movflags',
      '+faststart',
    ]),
  mxf: () =>
    makeClip('whole.mxf', [
      ...picture('160x96', 2),
      ...tone(2),
      '-c:v',
      'mpeg2video',
      '-b:v',
      '500k',
      '-c:a',
      'pcm_s16le',
    ]),
  ogv: () =>
    makeClip('whole.ogv', [...picture('160x96', 2), ...tone(2), '-c:v', 'libtheora', '-c:a', 'libvorbis']),
  mp3: () => makeClip('whole.mp3', [...tone(4), '-c:a', 'libmp3lame', '-q:a', '4']),
  wav: () => makeClip('whole.wav', [...tone(4)]),
  flac: () => makeClip('whole.flac', [...tone(4), '-af', 'aeval=random(0)/8|random(0)/8']),
  ogg: () => makeClip('whole.ogg', [...tone(4), '-c:a', 'libvorbis']),
} as const
