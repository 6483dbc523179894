import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'mocha'
import { hasCode } from '#shared/errors.ts'
import { partBytes, writeInParts } from '#shared/storage/write-in-parts.ts'
import { MemoryMediaStore } from '../../support/memory-media-store.ts'

const MIB = 1024 ** 2
const TIB = 1024 ** 4

describe('writing in parts', () => {
  it('fits the largest object of 5 TiB into 10,000 parts, whether its size is known or not', () => {
    assert.ok(partBytes(1, 5 * TIB) * 10_000 >= 5 * TIB)
    let unknown = 0
    for (let number = 1; number <= 10_000; number++) unknown += partBytes(number, undefined)
    assert.ok(unknown >= 5 * TIB)
  })

  it('needs parts of no more than 8 MiB for a movie of 8 GB of unknown size', () => {
    assert.equal(partBytes(1_000, undefined), 8 * MIB)
  })

  it('does not set aside a whole part for a small file whose size is known', () => {
    assert.equal(partBytes(1, 1000), 1001)
  })

  it('has only a few parts in memory at a time, and sends each with its own bytes', async () => {
    let underWay = 0
    let most = 0
    const store = new MemoryMediaStore(async (verb) => {
      if (verb !== 'write-part') return
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setImmediate(resolve))
      underWay--
    })
    async function* numbered() {
      for (let i = 0; i < 80; i++) yield Buffer.alloc(MIB, i)
    }
    const put = () => assert.fail('a large body is not put whole')
    const made = await writeInParts(store, put, 'key', Readable.from(numbered()), {})
    assert.equal(made.sizeBytes, 80 * MIB)
    assert.ok(most > 1 && most <= 3, `${most} parts at once`)
    const answer = await store.read('key')
    let index = 0
    for await (const chunk of answer?.body ?? []) {
      for (let at = 0; at < chunk.length; at += MIB) assert.equal(chunk[at], index++)
    }
    assert.equal(index, 80)
  })

  it('frees chunks that are given away, whole ones and no others, and keeps their bytes', async () => {
    const sent = async (options: { readonly takesChunks?: boolean }) => {
      const whole = Buffer.from(new Uint8Array(1000).fill(1).buffer)
      const piece = Buffer.from(new Uint8Array(1000).fill(2).buffer).subarray(0, 10)
      let stored: Buffer | undefined
      const put = async (bytes: Buffer) => {
        stored = Buffer.from(bytes)
        return { key: 'key', sizeBytes: bytes.length, etag: '' }
      }
      await writeInParts(new MemoryMediaStore(), put, 'key', Readable.from([whole, piece]), options)
      assert.deepEqual(stored, Buffer.concat([Buffer.alloc(1000, 1), Buffer.alloc(10, 2)]))
      return [whole.length, piece.length]
    }
    assert.deepEqual(await sent({ takesChunks: true }), [0, 10])
    assert.deepEqual(await sent({}), [1000, 10])
  })

  it('gives up a body without an end as soon as it is longer than announced', async () => {
    const store = new MemoryMediaStore()
    let asked = 0
    const endless = new Readable({
      read() {
        asked++
        this.push(Buffer.alloc(1000))
      },
    })
    const put = () => assert.fail('nothing may be stored')
    const writing = writeInParts(store, put, 'key', endless, { sizeBytes: 100 })
    await assert.rejects(writing, (error) => hasCode(error, 'length-mismatch'))
    assert.ok(asked < 1000)
    assert.ok(endless.destroyed)
    assert.deepEqual([store.keys, store.unfinished], [[], []])
  })

  it('aborts the upload when a part cannot be written, and says why', async () => {
    const store = new MemoryMediaStore((verb) => {
      if (verb === 'write-part') throw new Error('the store broke')
    })
    const body = Readable.from([Buffer.alloc(20 * MIB)])
    const put = () => assert.fail('nothing may be stored')
    await assert.rejects(writeInParts(store, put, 'key', body, {}), /the store broke/)
    assert.deepEqual([store.keys, store.unfinished], [[], []])
  })
})
