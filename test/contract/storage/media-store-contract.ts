import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'mocha'
import { hasCode } from '#shared/errors.ts'
import type { MediaObject, MediaStore } from '#shared/storage/media-store.ts'

const MIB = 1024 ** 2

/** What every media store must do, the one in memory included. `open` gives an empty store. */
export function mediaStoreContract(name: string, open: () => Promise<MediaStore>): void {
  const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => await Array.fromAsync(items)
  const read = async (store: MediaStore, key: string, range?: { start: number; end?: number }) => {
    const answer = await store.read(key, range ? { range } : {})
    return answer && { ...answer, body: await buffer(answer.body) }
  }

  describe(`the media store ${name}`, () => {
    it('gives back what was written, with its size, type and ETag', async () => {
      const store = await open()
      const written = await store.write('in/a.mp4', Buffer.from('movie'), { contentType: 'video/mp4' })
      const head = await store.head('in/a.mp4')
      assert.deepEqual(head, { key: 'in/a.mp4', sizeBytes: 5, etag: written.etag, contentType: 'video/mp4' })
      const answer = await read(store, 'in/a.mp4')
      assert.deepEqual(answer, { ...head, body: Buffer.from('movie') })
    })

    it('says of a missing object that there is none', async () => {
      const store = await open()
      assert.equal(await store.head('nothing'), undefined)
      assert.equal(await store.read('nothing'), undefined)
    })

    it('reads ranges, both ends inclusive, and still says how large the whole is', async () => {
      const store = await open()
      await store.write('a', Buffer.from('0123456789'))
      assert.equal((await read(store, 'a', { start: 2, end: 4 }))?.body.toString(), '234')
      assert.equal((await read(store, 'a', { start: 7 }))?.body.toString(), '789')
      assert.equal((await read(store, 'a', { start: 7 }))?.sizeBytes, 10)
    })

    it('keeps an empty object', async () => {
      const store = await open()
      await store.write('empty', Readable.from([]))
      assert.equal((await read(store, 'empty'))?.body.length, 0)
    })

    it('writes a stream of unknown size that is larger than one part', async () => {
      const store = await open()
      const bytes = randomBytes(21 * MIB + 13)
      await store.write('big', Readable.from(chunksOf(bytes, 700_001)))
      const answer = await read(store, 'big')
      assert.equal(answer?.sizeBytes, bytes.length)
      assert.ok(answer?.body.equals(bytes))
      assert.deepEqual(await collect(store.listMultiparts('')), [])
    })

    it('stores nothing when the stream fails, and leaves no parts behind', async () => {
      const store = await open()
      async function* broken() {
        yield randomBytes(9 * MIB)
        throw new Error('the client went away')
      }
      await assert.rejects(store.write('torn', Readable.from(broken())), /the client went away/)
      assert.equal(await store.head('torn'), undefined)
      assert.deepEqual(await collect(store.listMultiparts('')), [])
    })

    it('stores nothing when the length is not the one announced', async () => {
      const store = await open()
      for (const bytes of [Buffer.from('short'), randomBytes(9 * MIB)]) {
        const body = Readable.from(chunksOf(bytes, MIB))
        await assert.rejects(store.write('short', body, { sizeBytes: 100 }), (e) =>
          hasCode(e, 'length-mismatch'),
        )
      }
      assert.equal(await store.head('short'), undefined)
      assert.deepEqual(await collect(store.listMultiparts('')), [])
    })

    it('stops a write with the reason of the signal, though the stream stalls', async () => {
      const store = await open()
      const stop = new AbortController()
      const stalled = new Readable({ read() {} })
      stalled.push(randomBytes(64))
      const writing = store.write('stalled', stalled, { signal: stop.signal })
      setImmediate(() => stop.abort(new Error('shutting down')))
      await assert.rejects(writing, /shutting down/)
      assert.equal(await store.head('stalled'), undefined)
    })

    it('lists by prefix in the byte order of UTF-8', async () => {
      const store = await open()
      const keys = ['p/a', 'p/B', 'p/ä', 'p/z', 'p/\u{1F600}', 'p/\uFFFD', 'q/a']
      for (const key of keys) await store.write(key, Buffer.from(key))
      const listed = (await collect(store.list('p/'))).map(({ key }) => key)
      assert.deepEqual(listed, ['p/B', 'p/a', 'p/z', 'p/ä', 'p/\uFFFD', 'p/\u{1F600}'])
      const [first] = (await collect(store.list('q/'))) as [MediaObject]
      assert.deepEqual(first, { key: 'q/a', sizeBytes: 3, etag: (await store.head('q/a'))?.etag })
    })

    it('deletes, and takes what is not there for deleted', async () => {
      const store = await open()
      await store.write('a', Buffer.from('a'))
      await store.delete(['a', 'never-there'])
      await store.delete([])
      assert.equal(await store.head('a'), undefined)
    })

    it('assembles a multipart upload that shows nothing before it is complete', async () => {
      const store = await open()
      const uploadId = await store.beginMultipart('m', { contentType: 'video/mp4' })
      const one = await store.writePart('m', uploadId, 1, randomBytes(5 * MIB))
      const two = await store.writePart('m', uploadId, 2, Buffer.from('end'))
      assert.equal(await store.head('m'), undefined)
      assert.deepEqual(await store.listParts('m', uploadId), [one, two])
      const [unfinished] = await collect(store.listMultiparts('m'))
      assert.deepEqual({ ...unfinished, startedAtMs: 0 }, { key: 'm', uploadId, startedAtMs: 0 })
      const made = await store.completeMultipart('m', uploadId, [one, two])
      assert.equal(made.sizeBytes, 5 * MIB + 3)
      assert.deepEqual(await store.head('m'), made)
      assert.equal(made.contentType, 'video/mp4')
      assert.equal(await store.listParts('m', uploadId), undefined)
    })

    it('takes a repeated completion for a success', async () => {
      const store = await open()
      const uploadId = await store.beginMultipart('m')
      const part = await store.writePart('m', uploadId, 1, Buffer.from('all'))
      const made = await store.completeMultipart('m', uploadId, [part])
      assert.deepEqual(await store.completeMultipart('m', uploadId, [part]), made)
    })

    it('aborts a multipart upload, twice without an error, and then cannot complete it', async () => {
      const store = await open()
      const uploadId = await store.beginMultipart('m')
      const part = await store.writePart('m', uploadId, 1, Buffer.from('all'))
      await store.abortMultipart('m', uploadId)
      await store.abortMultipart('m', uploadId)
      await assert.rejects(store.completeMultipart('m', uploadId, [part]), (e) => hasCode(e, 'not-found'))
      await assert.rejects(store.writePart('m', uploadId, 2, Buffer.from('x')), (e) =>
        hasCode(e, 'not-found'),
      )
    })

    it('answers a ping', async () => {
      await (await open()).ping()
    })
  })
}

function* chunksOf(bytes: Buffer, size: number): Generator<Buffer> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
}
