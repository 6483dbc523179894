import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readMp4Layout } from '../../../services/worker/ffmpeg/mp4-boxes.ts'

const box = (type: string, bodyBytes: number, claimedBytes = bodyBytes + 8) => {
  const made = Buffer.alloc(bodyBytes + 8)
  made.writeUInt32BE(claimedBytes, 0)
  made.write(type, 4, 'latin1')
  return made
}

describe('The boxes of an MP4', () => {
  let dir = ''
  before(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'reelmill-boxes-'))
  })
  after(() => rm(dir, { recursive: true }))

  const layoutOf = async (...parts: readonly Buffer[]) => {
    const file = path.join(dir, 'movie')
    await writeFile(file, Buffer.concat(parts))
    return readMp4Layout(file)
  }

  it('tell whether the index stands at the front', async () => {
    assert.equal((await layoutOf(box('ftyp', 8), box('moov', 20), box('mdat', 100)))?.faststart, true)
    assert.equal((await layoutOf(box('ftyp', 8), box('mdat', 100), box('moov', 20)))?.faststart, false)
    assert.equal((await layoutOf(box('ftyp', 8), box('mdat', 100)))?.faststart, false)
  })

  it('tell how many bytes are missing', async () => {
    assert.equal((await layoutOf(box('ftyp', 8), box('moov', 20), box('mdat', 100)))?.missingBytes, 0)
    assert.equal((await layoutOf(box('ftyp', 8), box('moov', 20), box('mdat', 100, 1008)))?.missingBytes, 900)
  })

  it('may be larger than 4 GiB, or reach to the end of the file', async () => {
    const large = Buffer.alloc(116)
    large.writeUInt32BE(1, 0)
    large.write('mdat', 4, 'latin1')
    large.writeBigUInt64BE(2n ** 33n, 8)
    assert.equal((await layoutOf(box('ftyp', 8), large))?.missingBytes, 2 ** 33 - 116)
    assert.equal((await layoutOf(box('ftyp', 8), box('mdat', 100, 0)))?.missingBytes, 0)
  })

  it('are not looked for in files of other kinds', async () => {
    assert.equal(await layoutOf(Buffer.from('once upon a time')), undefined)
    assert.equal(await layoutOf(Buffer.alloc(0)), undefined)
    assert.equal(await layoutOf(box('RIFF', 50)), undefined)
  })
})
