import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { makeClip } from '../../../scripts/demo/make-clip.ts'
import { requireTool } from '../../support/tools.ts'

const run = promisify(execFile)
const shape = { width: 320, height: 180, framesPerSecond: 20, durationSec: 2 }

describe('the clip of the demo', () => {
  let folder: string
  let file: string

  before(async function () {
    requireTool(this, 'ffmpeg', 'ffprobe')
    folder = await mkdtemp(path.join(tmpdir(), 'reelmill-clip-'))
    file = path.join(folder, 'clip.mp4')
    await makeClip(file, shape)
  })
  after(async () => {
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  it('has picture and sound of the length and size that were asked for', async () => {
    const entries = 'stream=codec_name,width,height,nb_read_packets:format=duration'
    const probe = await run('ffprobe', [
      '-v',
      'error',
      '-count_packets',
      '-show_entries',
      entries,
      '-of',
      'json',
      file,
    ])
    const { streams, format } = JSON.parse(probe.stdout)
    assert.deepEqual([streams[0].codec_name, streams[0].width, streams[0].height], ['h264', 320, 180])
    assert.equal(streams[0].nb_read_packets, '40')
    assert.equal(streams[1].codec_name, 'aac')
    assert.ok(Math.abs(Number(format.duration) - shape.durationSec) < 0.1)
  })

  it('cuts between its four scenes', async () => {
    const filter = `select='gt(scene,0.17)',metadata=print:file=-`
    const { stdout } = await run('ffmpeg', [
      '-v',
      'error',
      '-i',
      file,
      '-vf',
      filter,
      '-an',
      '-f',
      'null',
      '-',
    ])
    const cuts = [...stdout.matchAll(/pts_time:([\d.]+)/g)].map(([, at]) => Number(at))
    assert.deepEqual(cuts, [0.5, 1, 1.5])
  })

  it('shows another count on each frame', async () => {
    const plate = 'crop=88:34:8:148,format=gray'
    const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', file, '-vf', plate, '-f', 'framehash', '-'])
    const hashes = stdout
      .split('\n')
      .filter((line) => /^0,/.test(line))
      .map((line) => line.split(',').at(-1))
    assert.equal(new Set(hashes).size, 40)
  })

  it('is not silent', async () => {
    const { stderr } = await run('ffmpeg', ['-i', file, '-af', 'volumedetect', '-vn', '-f', 'null', '-'])
    assert.ok(Number(/max_volume: (-?[\d.]+) dB/.exec(stderr)?.[1]) > -20)
  })
})
