import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { everydayClip, fastH264, makeClip, picture, tone } from '../../support/clips.ts'
import { codeOf, encodeClip } from '../../support/encode-clip.ts'
import { requireTool } from '../../support/tools.ts'

/** Each check that did not pass, of all outputs. */
const complaints = (result: Awaited<ReturnType<typeof encodeClip>>) =>
  result.outputs.flatMap(({ name, checks }) =>
    checks.filter(({ result }) => result !== 'passed').map((check) => `${name}: ${check.name}`),
  )

const videoOf = (result: Awaited<ReturnType<typeof encodeClip>>, index = 0) =>
  result.outputs[index]?.streams.find(({ type }) => type === 'video')

const sizeOf = (result: Awaited<ReturnType<typeof encodeClip>>, index = 0) => {
  const video = videoOf(result, index)
  return `${video?.width}x${video?.height}`
}

const audioOf = (result: Awaited<ReturnType<typeof encodeClip>>, index = 0) =>
  result.outputs[index]?.streams.find(({ type }) => type === 'audio')

/** Which colour the upper half of the first picture has. */
async function topColor(file: string): Promise<'red' | 'blue'> {
  const scale = ['-frames:v', '1', '-vf', 'scale=1:2:flags=area', '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-']
  const { stdout } = await promisify(execFile)('ffmpeg', ['-v', 'error', '-i', file, ...scale], {
    encoding: 'buffer',
  })
  const [red = 0, , blue = 0] = stdout
  return red > blue ? 'red' : 'blue'
}

describe('Encoding by presets', () => {
  before(function () {
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
  })

  for (const preset of ['web-1080p', 'web-720p', 'web-480p']) {
    it(`${preset} makes an MP4 with H.264 and AAC that starts at once`, async () => {
      const result = await encodeClip(await everydayClip(), [preset])
      assert.deepEqual(complaints(result), [])
      assert.deepEqual(result.warnings, [])
      const [output] = result.outputs
      assert.equal(output?.files[0]?.path, `${preset}.mp4`)
      assert.equal(output?.files[0]?.contentType, 'video/mp4')
      assert.deepEqual(
        output?.streams.map(({ codec }) => codec),
        ['h264', 'aac'],
      )
      assert.equal(videoOf(result)?.frameCount, 25)
      assert.equal(sizeOf(result), '320x180')
    })
  }

  it('audio-m4a takes the sound of a movie', async () => {
    const result = await encodeClip(await everydayClip(), ['audio-m4a'])
    assert.deepEqual(complaints(result), [])
    assert.equal(result.outputs[0]?.files[0]?.contentType, 'audio/mp4')
    assert.deepEqual(
      result.outputs[0]?.streams.map(({ codec }) => codec),
      ['aac'],
    )
  })

  it('poster-jpg skips a black beginning', async () => {
    const clip = await makeClip('black-first.mp4', [
      ...['-f', 'lavfi', '-i', 'color=black:s=320x180:r=25:d=1'],
      ...picture('320x180', 1),
      ...['-filter_complex', '[0][1]concat=n=2:v=1', ...fastH264],
    ])
    const result = await encodeClip(clip, ['poster-jpg'])
    assert.deepEqual(complaints(result), [])
    assert.equal(sizeOf(result), '320x180')
    assert.deepEqual(result.warnings, [])
  })

  it('poster-jpg of a movie that is black throughout is black, with a warning', async () => {
    const clip = await makeClip('all-black.mp4', [
      ...['-f', 'lavfi', '-i', 'color=black:s=320x180:r=25:d=1', ...fastH264],
    ])
    const result = await encodeClip(clip, ['poster-jpg'])
    assert.deepEqual(complaints(result), ['poster-jpg: still.not-black'])
    assert.deepEqual(
      result.warnings.map(({ code, output }) => [code, output]),
      [['still-black', 'poster-jpg']],
    )
  })

  it('makes several outputs at once, each file with its own size', async () => {
    const clip = await makeClip('large.mp4', [
      ...[...picture('1280x720', 0.4), ...tone(0.4), ...fastH264, '-c:a', 'aac'],
    ])
    const result = await encodeClip(clip, ['web-720p', 'web-480p', 'audio-m4a', 'poster-jpg'])
    assert.deepEqual(complaints(result), [])
    assert.deepEqual(
      [0, 1, 3].map((index) => sizeOf(result, index)),
      ['1280x720', '854x480', '1280x720'],
    )
    for (const { files } of result.outputs) {
      const [file] = files
      assert.ok(file)
      assert.equal(file.sizeBytes, (await stat(file.localPath)).size)
    }
  })

  it('applies the rotation of a phone and turns the box with it', async () => {
    const flat = await makeClip('flat.mp4', [...picture('1280x720', 0.2), ...fastH264])
    const turned = await makeClip('turned.mp4', [
      ...['-i', flat, '-c', 'copy', '-metadata:s:v:0', 'rotate=90'],
    ])
    const result = await encodeClip(turned, ['web-480p'])
    assert.equal((result.detected.streams[0]?.rotationDeg ?? 0) % 180, 90)
    assert.deepEqual(complaints(result), [])
    assert.equal(sizeOf(result), '480x854')
  })

  it('turns pictures the way that the file says, in movies and stills', async () => {
    // Red is left and blue is right; a quarter turn brings one of them to the top.
    const halves = 'color=red:s=160x180:r=25:d=0.2[l];color=blue:s=160x180:r=25:d=0.2[r];[l][r]hstack'
    const flat = await makeClip('halves.mp4', ['-filter_complex', halves, ...fastH264])
    const tops = new Set<string>()
    for (const turn of [90, 270]) {
      const metadata = ['-c', 'copy', '-metadata:s:v:0', `rotate=${turn}`]
      const turned = await makeClip(`halves-${turn}.mp4`, ['-i', flat, ...metadata])
      const result = await encodeClip(turned, ['web-480p', 'poster-jpg'])
      const clockwise = result.detected.streams[0]?.rotationDeg === 90
      for (const { files } of result.outputs) {
        const top = await topColor(files[0]?.localPath ?? '')
        assert.equal(top, clockwise ? 'red' : 'blue')
        tops.add(top)
      }
    }
    assert.equal(tops.size, 2, 'the two turns are not the same')
  })

  it('keeps portrait pictures portrait', async () => {
    const clip = await makeClip('portrait.mp4', [...picture('720x1280', 0.2), ...fastH264])
    assert.equal(sizeOf(await encodeClip(clip, ['web-480p'])), '480x854')
  })

  it('makes odd sizes even without bars', async () => {
    const clip = await makeClip('odd.mkv', [
      ...picture('320x180', 0.4),
      '-vf',
      'scale=321:181',
      '-c:v',
      'ffv1',
      '-pix_fmt',
      'yuv444p',
    ])
    const result = await encodeClip(clip, ['web-720p', 'poster-jpg'])
    assert.deepEqual(complaints(result), [])
    assert.equal(sizeOf(result), '322x182')
  })

  it('squares the pixels of anamorphic pictures', async () => {
    const clip = await makeClip('anamorphic.mp4', [
      ...[...picture('180x144', 0.4), '-vf', 'setsar=16/11', ...fastH264],
    ])
    const result = await encodeClip(clip, ['web-720p'])
    assert.deepEqual(complaints(result), [])
    assert.equal(sizeOf(result), '262x144')
    assert.equal(videoOf(result)?.sampleAspect, undefined)
  })

  it('turns 10-bit 4:2:2 into 8-bit 4:2:0', async () => {
    const clip = await makeClip('ten-bit.mov', [
      ...[...picture('320x180', 0.4), '-c:v', 'prores', '-pix_fmt', 'yuv422p10le'],
    ])
    const result = await encodeClip(clip, ['web-720p'])
    assert.deepEqual(complaints(result), [])
    assert.equal(videoOf(result)?.pixelFormat, 'yuv420p')
  })

  it('deinterlaces without losing or adding frames', async () => {
    const clip = await makeClip('interlaced.ts', [
      ...[...picture('320x176', 1, '50'), '-vf', 'tinterlace=interleave_top,setfield=tff'],
      ...['-c:v', 'mpeg2video', '-flags', '+ildct+ilme', '-b:v', '2M'],
    ])
    const result = await encodeClip(clip, ['web-720p'])
    assert.deepEqual(complaints(result), [])
    assert.equal(videoOf(result)?.fieldOrder, 'progressive')
    assert.equal(videoOf(result)?.frameCount, 25)
  })

  it('keeps the frames and times of a variable frame rate', async () => {
    const clip = await makeClip('vfr.mkv', [
      ...[
        ...picture('320x180', 2, '30'),
        '-vf',
        "select='not(mod(n,3))+lt(t,1)'",
        '-fps_mode',
        'vfr',
        ...fastH264,
      ],
    ])
    const result = await encodeClip(clip, ['web-720p'])
    assert.deepEqual(complaints(result), [])
    assert.equal(videoOf(result)?.frameCount, 40)
    assert.ok(Math.abs((result.outputs[0]?.durationSec ?? 0) - 2) < 0.1)
  })

  it('thins out what is faster than the limit', async () => {
    const clip = await makeClip('fast.mp4', [...picture('320x180', 0.5, '120'), ...fastH264])
    const result = await encodeClip(clip, ['web-720p'])
    assert.deepEqual(complaints(result), [])
    assert.equal(videoOf(result)?.frameRate, '60')
  })

  it('leaves mono mono, mixes 5.1 down to stereo, and makes do without sound', async () => {
    const layouts = { mono: 1, stereo: 2, '5.1': 2 }
    for (const [layout, channels] of Object.entries(layouts)) {
      const clip = await makeClip(`${layout}.mp4`, [
        ...[...picture('64x64', 0.4), ...tone(0.4, layout), ...fastH264, '-c:a', 'aac'],
      ])
      const result = await encodeClip(clip, ['web-720p'])
      assert.deepEqual(complaints(result), [])
      assert.equal(audioOf(result)?.channels, channels, layout)
    }
    const silent = await makeClip('silent.mp4', [...picture('64x64', 0.4), ...fastH264])
    const result = await encodeClip(silent, ['web-720p'])
    assert.deepEqual(complaints(result), [])
    assert.equal(audioOf(result), undefined)
  })

  it('keeps the language of the sound and no other metadata', async () => {
    const clip = await makeClip('tagged.mp4', [
      ...[
        ...picture('64x64', 0.4),
        ...tone(0.4),
        ...fastH264,
        '-c:a',
        'aac',
        '-metadata:s:a:0',
        'language=deu',
      ],
      ...[
        '-metadata',
        'location=+48.1-011.5/',
        '-metadata',
        'title=Secret',
        '-movflags',
        'use_metadata_tags',
      ],
    ])
    const result = await encodeClip(clip, ['web-720p'])
    assert.equal(audioOf(result)?.language, 'de')
    const bytes = await readFile(result.outputs[0]?.files[0]?.localPath ?? '')
    assert.ok(!bytes.includes('Secret') && !bytes.includes('+48.1'))
  })

  it('fails an output that needs what the input does not have', async () => {
    const silent = await makeClip('silent.mp4', [...picture('64x64', 0.4), ...fastH264])
    assert.equal(await codeOf(encodeClip(silent, ['audio-m4a'])), 'input-no-audio')
    const sound = await makeClip('sound.m4a', [...tone(0.4), '-c:a', 'aac'])
    assert.equal(await codeOf(encodeClip(sound, ['web-720p'])), 'input-no-video')
    assert.equal(await codeOf(encodeClip(sound, ['poster-jpg'])), 'input-no-video')
    assert.equal(await codeOf(encodeClip(sound, ['audio-m4a'])), 'succeeded')
  })
})
