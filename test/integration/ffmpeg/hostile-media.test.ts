import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { argvOf, encodeCommand } from '../../../services/worker/ffmpeg/command.ts'
import { defaultLimits, type EncodeLimits } from '../../../services/worker/ffmpeg/limits.ts'
import { planEncode } from '../../../services/worker/ffmpeg/plan.ts'
import { probeArguments } from '../../../services/worker/ffmpeg/probe.ts'
import type { ToolResult } from '../../../services/worker/ffmpeg/run-tool.ts'
import { blackPng } from '../../support/black-png.ts'
import { clipFolder, everydayClip, fastH264, makeClip, picture, tone } from '../../support/clips.ts'
import { codeOf, encodeClip } from '../../support/encode-clip.ts'
import { requireTool } from '../../support/tools.ts'
import { hostile, runJailed, without } from '../../support/unguarded.ts'
import { changed } from '../corpus/damage.ts'

/** The encode's command line for a clip of which only the size and frame rate matter. */
function encodeArgv(input: string, output: string, limits: EncodeLimits, frameRate = '25', durationSec = 2) {
  const plan = planEncode(
    {
      info: {
        container: 'mov',
        sizeBytes: 1,
        durationSec,
        streams: [{ index: 0, type: 'video', width: 320, height: 180, frameRate }],
      },
      languages: new Map(),
    },
    [{ name: 'out', kind: 'file', settings: { include: ['video'], video: { maxFrameRate: '60' } } }],
    limits,
  )
  return argvOf(encodeCommand(plan, input, [{ main: output }], limits))
}

describe('Media that tries to use everything up', () => {
  before(function () {
    requireTool(this, 'ffmpeg', 'ffprobe', 'bwrap', 'prlimit')
  })

  const hugePicture = async () =>
    makeClip('hostile-huge.mov', ['-i', await hostile('huge.png', blackPng(10_000, 10_000, 8)), '-c', 'copy'])
  const maxRssOf = (result: ToolResult) => Number(/maxrss=(\d+)kB/.exec(result.stderr)?.[1] ?? 0) * 1024
  const MB = 1e6

  it('a small file with a huge picture takes memory when its size is not bounded, in pixels or in one allocation', async () => {
    const file = await hugePicture()
    const limits = { ...defaultLimits, maxPixels: 10 * MB, maxAllocBytes: 10 * MB }
    const output = path.join(clipFolder(), 'huge.mp4')
    const guarded = encodeArgv(file, output, limits)
    const bare = await runJailed('ffmpeg', without(guarded, '-max_pixels', '-max_alloc'), file)
    assert.ok((await stat(file)).size < 1 * MB)
    assert.ok(maxRssOf(bare) > 150 * MB, `the attack is real: ${maxRssOf(bare)}`)
    for (const other of ['-max_alloc', '-max_pixels']) {
      const result = await runJailed('ffmpeg', without(guarded, other), file)
      assert.notEqual(result.exitCode, 0)
      assert.ok(maxRssOf(result) < 120 * MB, `without ${other} only: ${maxRssOf(result)}`)
    }
  })

  it('memory in many pieces is bounded by the kernel', async () => {
    const file = await hugePicture()
    const output = path.join(clipFolder(), 'huge-2.mp4')
    const bare = without(encodeArgv(file, output, defaultLimits), '-max_pixels', '-max_alloc')
    assert.equal((await runJailed('ffmpeg', bare, file)).exitCode, 0)
    const bounded = await runJailed('ffmpeg', bare, file, { limits: { memoryBytes: 150 * MB } })
    assert.match(bounded.stderr, /Cannot allocate memory|malloc of size|failed to allocate|Error/i)
    assert.notEqual(bounded.exitCode, 0)
  })

  it('hundreds of streams are opened when nothing bounds their number', async () => {
    const sound = await makeClip('hostile.mp2', [...tone(0.1), '-c:a', 'mp2'])
    const maps = Array.from({ length: 200 }, () => ['-map', '0:a']).flat()
    const file = await makeClip('hostile-streams.mkv', ['-i', sound, ...maps, '-c', 'copy'])
    const guarded = probeArguments(defaultLimits, file)
    const streams = (result: ToolResult) => result.stdout.match(/"index":/g)?.length ?? 0
    assert.equal(streams(await runJailed('ffprobe', without(guarded, '-max_streams'), file)), 200)
    assert.ok(streams(await runJailed('ffprobe', guarded, file)) <= defaultLimits.maxStreams + 1)
  })

  it('a gap in the timestamps makes an output without end when its length is not bounded', async () => {
    // 120 frames a second are thinned out to 60, which fills a gap with copies; the header claims two seconds.
    const gap = await makeClip('hostile-gap.mkv', [
      ...[
        ...picture('32x32', 0.5, '120'),
        '-vf',
        "setpts='PTS+gte(N,30)*150/TB'",
        '-fps_mode',
        'vfr',
        '-enc_time_base',
        '1:1000',
        ...fastH264,
      ],
    ])
    const output = path.join(clipFolder(), 'gap-out.mp4')
    const guarded = encodeArgv(gap, output, defaultLimits, '120', 0.5)
    const lasts = async (argv: readonly string[]) => {
      const made = await runJailed('ffmpeg', argv, gap)
      assert.equal(made.exitCode, 0, made.stderr.slice(-500))
      const found = await runJailed(
        'ffprobe',
        ['-v', 'error', '-show_entries', 'format=duration', output],
        output,
      )
      return Number(/duration=([\d.]+)/.exec(found.stdout)?.[1])
    }
    assert.ok((await lasts(without(guarded, '-t'))) > 140, 'the attack is real')
    assert.ok((await lasts(guarded)) < 62)
  })

  it('an output that is cut at its longest time is a failure, though ffmpeg says it is well', async () => {
    const gap = await makeClip('hostile-gap-2.mkv', [
      ...[...picture('32x32', 1), '-vf', "setpts='PTS+gte(N,6)*600/TB'", '-fps_mode', 'vfr', ...fastH264],
    ])
    // Header and tag say that it is as long as the part before the gap: nothing seems to be missing after the cut.
    const lying = await changed(gap, (bytes) => {
      bytes.writeDoubleBE(240, bytes.indexOf(Buffer.from([0x44, 0x89, 0x88])) + 3)
      bytes.write('00:00:00.240000000', bytes.indexOf('00:10:', 0, 'latin1'), 'latin1')
      return bytes
    })
    assert.equal(await codeOf(encodeClip(lying, ['web-480p'])), 'output-verification-failed')
  })

  it('an output that reaches its largest size is a failure, though ffmpeg says it is well', async () => {
    const noise = await makeClip('hostile-noise.mkv', [
      ...['-f', 'lavfi', '-i', 'nullsrc=s=320x180:r=25:d=2,geq=random(1)*255:128:128', '-c:v', 'ffv1'],
    ])
    const work = (maxOutputBytes: number) =>
      codeOf(encodeClip(noise, ['web-480p'], { limits: { maxOutputBytes } }))
    assert.equal(await work(200_000), 'output-too-large')
    assert.equal(await work(20_000_000), 'succeeded')
  })

  it('files beyond any size are stopped by the kernel when -fs is not there', async () => {
    const file = await everydayClip()
    const output = path.join(clipFolder(), 'too-large.mkv')
    const argv = [
      '-nostdin',
      '-v',
      'error',
      '-stream_loop',
      '-1',
      '-i',
      file,
      '-y',
      '-c:v',
      'rawvideo',
      '-f',
      'matroska',
      output,
    ]
    const limits = { maxOutputBytes: -64 * 2 ** 20 + 500_000 }
    const result = await runJailed('ffmpeg', argv, file, { limits })
    assert.notEqual(result.exitCode, 0)
    assert.ok((await stat(output)).size <= 500_000)
  })

  it('a small file takes as long as its pictures are large and many when no time is set', async function () {
    this.timeout(60_000)
    const black = ['-f', 'lavfi', '-i', 'color=black:s=3840x2160:r=60:d=0.5', ...fastH264]
    const file = await makeClip('hostile-slow.mp4', black)
    assert.ok((await stat(file)).size < 50_000)
    const work = (encodeTimeoutMs: number) =>
      codeOf(encodeClip(file, ['web-480p'], { limits: { encodeTimeoutMs } }))
    assert.equal(await work(100), 'encode-timeout')
    assert.equal(await work(60_000), 'succeeded')
  })

  it('CPU time without end is stopped by the kernel', async () => {
    const file = await everydayClip()
    const argv = ['-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'mandelbrot=s=640x360', '-f', 'null', '-']
    const result = await runJailed('ffmpeg', argv, file, { limits: { cpuSec: 1 } })
    assert.equal(result.timedOut, false)
    assert.notEqual(result.exitCode, 0)
  })

  it('megabytes of metadata are not even asked for, and are refused where they must be', async function () {
    this.timeout(60_000)
    const withTags = async (tag: string) => {
      const section = `[STREAM]\n${tag}=${'9'.repeat(1_000_000)}\n`
      const ini = await hostile(`${tag}.ini`, `;FFMETADATA1\n${section.repeat(17)}`)
      const streams = Array.from({ length: 17 }, (_, n) => [
        '-map',
        '0:a',
        `-map_metadata:s:${n}`,
        `1:s:${n}`,
      ])
      const inputs = [...tone(0.1), '-i', ini, '-c:a', 'pcm_u8']
      return makeClip(`hostile-${tag}.mkv`, [...inputs, ...streams.flat()])
    }
    const MOST = 16 * 2 ** 20
    const idle = await withTags('comment')
    const asking = ['-v', 'error', '-show_streams', '-of', 'json', '-i', idle]
    assert.equal((await runJailed('ffprobe', asking, idle)).overflowed, true, 'the attack is real')
    const answer = await runJailed('ffprobe', probeArguments(defaultLimits, idle), idle)
    assert.ok(answer.exitCode === 0 && answer.stdout.length < 50_000)
    // This one is asked for.
    const counts = await withTags('NUMBER_OF_FRAMES')
    const cut = await runJailed('ffprobe', probeArguments(defaultLimits, counts), counts)
    assert.ok(cut.overflowed && cut.stdout.length <= MOST)
    assert.equal(await codeOf(encodeClip(counts, ['audio-m4a'])), 'input-too-large')
  })

  it('absurd metadata neither grows the record nor the log', async () => {
    const ini = await hostile(
      'tags.ini',
      `;FFMETADATA1\n${Array.from({ length: 2000 }, (_, i) => `key${i}=${'x'.repeat(1000)}`).join('\n')}\n`,
    )
    const file = await makeClip('hostile-tags.mkv', [
      '-i',
      await everydayClip(),
      '-i',
      ini,
      '-map_metadata',
      '1',
      '-map',
      '0',
      '-c',
      'copy',
    ])
    const result = await encodeClip(file, ['web-480p'])
    assert.ok(JSON.stringify(result).length < 10_000)
    assert.ok((await stat(result.outputs[0]?.files[0]?.localPath ?? '')).size < 200_000)
  })
})
