import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { beginUpload } from '../../../services/frontend/operations/begin-upload.ts'
import { completeChunks } from '../../../services/frontend/operations/complete-chunks.ts'
import { deleteUpload } from '../../../services/frontend/operations/delete-upload.ts'
import { writeChunk } from '../../../services/frontend/operations/write-chunk.ts'
import { type FrontendOptions, startTestFrontend } from '../../support/frontend.ts'
import { MemoryMediaStore } from '../../support/memory-media-store.ts'

const MIB = 2 ** 20
const caller = { tenant: 'acme', keyId: 'key_1', scopes: ['admin'] } as const
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** A movie whose every 4 KiB differ, so that pieces in a wrong order are noticed. */
function movieOf(length: number): Buffer {
  const movie = Buffer.alloc(length)
  for (let at = 0; at < length; at += 4) movie.writeUInt32LE(at, Math.min(at, length - 4))
  return movie
}

async function start(options: FrontendOptions = {}) {
  const media = new MemoryMediaStore()
  const frontend = await startTestFrontend({ media, ...options })
  const { operations } = frontend
  return {
    media,
    begin: async (request: object = {}) => (await beginUpload(operations, caller, request)).id,
    add: (id: string, offset: number, bytes: Uint8Array | Readable) =>
      writeChunk(operations, caller, id, {
        offset,
        body: bytes instanceof Readable ? bytes : Readable.from([bytes]),
      }),
    complete: (id: string, announced: { sizeBytes?: number; sha256?: string } = {}) =>
      completeChunks(operations, caller, id, announced),
    abort: (id: string) => deleteUpload(operations, caller, id),
    async stored(): Promise<Buffer> {
      const [key = '', ...more] = media.keys
      assert.deepEqual(more, [], 'nothing else is left in the store')
      assert.deepEqual(media.unfinished, [])
      const object = await media.read(key)
      assert.ok(object)
      return buffer(object.body)
    },
    [Symbol.asyncDispose]: () => frontend.close(),
  }
}

describe('an upload in chunks', () => {
  for (const [what, chunkBytes, totalBytes] of [
    ['one byte each', 1, 250],
    ['4 KiB each, more than are kept apart', 4_096, 1 * MIB],
    ['3 MiB each, so that parts are cut across them', 3 * MIB, 20 * MIB + 5],
    ['exactly as large as a part', 8 * MIB, 16 * MIB],
    ['larger than parts', 19 * MIB, 40 * MIB],
  ] as const) {
    it(`of ${what}, is what was sent`, async () => {
      await using uploads = await start()
      const movie = movieOf(totalBytes)
      const id = await uploads.begin({ sizeBytes: totalBytes })
      for (let at = 0; at < totalBytes; at += chunkBytes) {
        const after = await uploads.add(id, at, movie.subarray(at, at + chunkBytes))
        assert.equal(after.receivedBytes, Math.min(at + chunkBytes, totalBytes))
      }
      const ready = await uploads.complete(id, { sizeBytes: totalBytes, sha256: sha256(movie) })
      assert.deepEqual([ready.status, ready.sizeBytes, ready.sha256], ['ready', totalBytes, sha256(movie)])
      assert.ok((await uploads.stored()).equals(movie))
      assert.deepEqual(await uploads.complete(id), ready, 'a repeat says the same')
    })
  }

  it('takes a chunk that is sent again, and refuses one that does not fit with the offset expected', async () => {
    await using uploads = await start()
    const id = await uploads.begin()
    await uploads.add(id, 0, Buffer.from('a mo'))
    assert.equal((await uploads.add(id, 0, Buffer.from('a mo'))).receivedBytes, 4)
    assert.equal((await uploads.add(id, 2, Buffer.from('mo'))).receivedBytes, 4)
    assert.equal((await uploads.add(id, 4, Buffer.alloc(0))).receivedBytes, 4)
    for (const [offset, text] of [
      [5, 'ie'],
      [2, 'movie'],
      [99, ''],
    ] as const)
      await assert.rejects(
        uploads.add(id, offset, Buffer.from(text)),
        (error: { code: string; message: string; facts: { expectedOffset: number } }) => {
          assert.equal(error.code, 'conflict')
          assert.equal(error.facts.expectedOffset, 4)
          assert.ok(error.message.includes('offset 4'), error.message)
          return true
        },
      )
    await uploads.add(id, 4, Buffer.from('vie'))
    await uploads.complete(id)
    assert.equal((await uploads.stored()).toString(), 'a movie')
    await assert.rejects(uploads.add(id, 7, Buffer.from('s')), { code: 'conflict' })
  })

  it('counts the same chunk once, when it is sent twice at once', async () => {
    await using uploads = await start()
    for (const size of [10, 9 * MIB]) {
      const movie = movieOf(size)
      const id = await uploads.begin()
      const both = await Promise.all([uploads.add(id, 0, movie), uploads.add(id, 0, movie)])
      assert.deepEqual(
        both.map(({ receivedBytes }) => receivedBytes),
        [size, size],
      )
      await uploads.complete(id, { sha256: sha256(movie) })
      assert.ok((await uploads.stored()).equals(movie))
      await uploads.abort(id)
      assert.deepEqual(uploads.media.keys, [])
    }
  })

  it('keeps nothing of a chunk that broke off', async () => {
    await using uploads = await start()
    const id = await uploads.begin()
    await uploads.add(id, 0, Buffer.from('a mo'))
    const before = uploads.media.keys
    const lost = new Error('the client went away')
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('v')
        throw lost
      })(),
    )
    await assert.rejects(uploads.add(id, 4, broken), lost)
    assert.deepEqual(uploads.media.keys, before)
    await uploads.add(id, 4, Buffer.from('vie'))
    await uploads.complete(id)
    assert.equal((await uploads.stored()).toString(), 'a movie')
  })

  it('forgets a part that a broken chunk has left', async () => {
    await using uploads = await start()
    const id = await uploads.begin()
    const movie = movieOf(9 * MIB)
    await uploads.add(id, 0, movie)
    const broken = Readable.from(
      (async function* () {
        yield movieOf(20 * MIB)
        throw new Error('the client went away')
      })(),
    )
    await assert.rejects(uploads.add(id, 9 * MIB, broken))
    await uploads.complete(id, { sha256: sha256(movie) })
    assert.ok((await uploads.stored()).equals(movie))
  })

  it('tells when the same chunk came with other bytes at the same time', async () => {
    await using uploads = await start()
    const id = await uploads.begin()
    const [one, other] = [movieOf(9 * MIB), movieOf(9 * MIB).fill(1, 0, 8)]
    await Promise.all([uploads.add(id, 0, one), uploads.add(id, 0, other)])
    const done = await uploads.complete(id).then(
      async ({ sha256: digest }) => sha256(await uploads.stored()) === digest,
      (error: { code: string }) => error.code === 'length-mismatch',
    )
    assert.ok(done, 'either it is what its SHA-256 says, or it is refused')
  })

  it('is refused when it is not as announced, or too large', async () => {
    await using uploads = await start({ limits: { maxUploadBytes: 10 } })
    const announced = await uploads.begin({ sizeBytes: 5 })
    await assert.rejects(uploads.add(announced, 0, Buffer.from('a movie')), { code: 'length-mismatch' })
    await uploads.add(announced, 0, Buffer.from('a mo'))
    await assert.rejects(uploads.complete(announced), { code: 'length-mismatch' })
    const large = await uploads.begin()
    await uploads.add(large, 0, Buffer.from('a movie'))
    await assert.rejects(uploads.add(large, 7, Buffer.from('more')), { code: 'too-large' })
    await assert.rejects(uploads.complete(large, { sizeBytes: 8 }), { code: 'length-mismatch' })
    await assert.rejects(uploads.complete(large, { sha256: 'f'.repeat(64) }), { code: 'length-mismatch' })
    const other = await uploads.begin({ sha256: 'f'.repeat(64) })
    await uploads.add(other, 0, Buffer.from('a movie'))
    await assert.rejects(uploads.complete(other), { code: 'length-mismatch' })
    await assert.rejects(uploads.complete(await uploads.begin()), { code: 'conflict' })
  })

  it('leaves nothing when it is aborted', async () => {
    await using uploads = await start()
    const id = await uploads.begin()
    await uploads.add(id, 0, movieOf(9 * MIB))
    await uploads.abort(id)
    assert.deepEqual([...uploads.media.keys, ...uploads.media.unfinished], [])
    await assert.rejects(uploads.add(id, 9 * MIB, Buffer.from('x')), { code: 'gone' })
  })
})
