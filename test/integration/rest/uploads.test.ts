import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { ReelmillError } from '#shared/errors.ts'
import { uploadKey } from '#shared/jobs/keys.ts'
import type { Upload } from '../../../services/frontend/shapes/upload.ts'
import { problemIn, startTestFrontend, type TestFrontend } from '../../support/frontend.ts'
import { MemoryMediaStore } from '../../support/memory-media-store.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const PART = 16 * 2 ** 20

describe('an upload', () => {
  const begin = async (frontend: TestFrontend, body: object = {}, headers: Record<string, string> = {}) => {
    const answer = await frontend.send('POST', '/v1/uploads', body, headers)
    assert.equal(answer.status, 201)
    return (await answer.json()) as Upload
  }
  const fill = (frontend: TestFrontend, id: string, body: string, headers: Record<string, string> = {}) =>
    frontend.call('PUT', `/v1/uploads/${id}/content`, { body, headers })
  const look = async (frontend: TestFrontend, id: string) =>
    (await (await frontend.call('GET', `/v1/uploads/${id}`)).json()) as Upload

  it('that does not exist is told how to begin one', async () => {
    await using frontend = await startTestFrontend()
    const problem = await problemIn(await frontend.call('GET', '/v1/uploads/upl_7'), 404, 'not-found')
    assert.equal(
      problem.detail,
      'This tenant has no upload upl_7. POST /v1/uploads begins one; its answer has the id.',
    )
  })

  it('is begun open, with what was announced and where to send the content', async () => {
    await using frontend = await startTestFrontend()
    const metadata = { camera: 'B' }
    const upload = await begin(frontend, { fileName: 'a.mov', contentType: 'video/quicktime', metadata })
    assert.equal(upload.status, 'open')
    assert.equal(upload.contentUrl, `${frontend.url}/v1/uploads/${upload.id}/content`)
    assert.deepEqual(upload.metadata, metadata)
    assert.equal(upload.sizeBytes, undefined)
    assert.deepEqual(await look(frontend, upload.id), upload)
  })

  it('is ready with size and hash when its content is whole', async () => {
    await using frontend = await startTestFrontend()
    const { id } = await begin(frontend, { sizeBytes: 5, sha256: sha256('movie') })
    const digest = createHash('sha256').update('movie').digest('base64')
    const filled = await fill(frontend, id, 'movie', { 'content-digest': `sha-256=:${digest}:` })
    assert.equal(filled.status, 200)
    const upload = await look(frontend, id)
    assert.equal(upload.status, 'ready')
    assert.equal(upload.sha256, sha256('movie'))
    assert.equal(upload.contentUrl, undefined)
    assert.equal((frontend.media as MemoryMediaStore).keys.length, 1)
  })

  it('does not take content of another size or hash, and stays open with nothing stored', async () => {
    await using frontend = await startTestFrontend()
    const media = frontend.media as MemoryMediaStore
    const sized = await begin(frontend, { sizeBytes: 4 })
    await problemIn(await fill(frontend, sized.id, 'movie'), 422, 'length-mismatch')
    const hashed = await begin(frontend, { sha256: sha256('another') })
    await problemIn(await fill(frontend, hashed.id, 'movie'), 422, 'length-mismatch')
    const plain = await begin(frontend)
    const digest = createHash('sha256').update('another').digest('base64')
    for (const garbled of ['sha-256=:x:', `sha-256=${digest}`, 'SHA-256=:x:']) {
      const answer = await fill(frontend, plain.id, 'movie', { 'content-digest': garbled })
      const problem = await problemIn(answer, 400, 'invalid-request')
      assert.equal(problem.errors?.[0]?.pointer, 'Content-Digest')
    }
    const wrong = { 'content-digest': `sha-256=:${digest}:` }
    await problemIn(await fill(frontend, plain.id, 'movie', wrong), 422, 'length-mismatch')
    for (const { id } of [sized, hashed, plain]) assert.equal((await look(frontend, id)).status, 'open')
    assert.deepEqual(media.keys, [])
    assert.equal((await fill(frontend, plain.id, 'movie')).status, 200)
  })

  it('is refused when it is larger than allowed, before or while its bytes come', async () => {
    await using frontend = await startTestFrontend({ limits: { maxUploadBytes: 10 } })
    await problemIn(await frontend.send('POST', '/v1/uploads', { sizeBytes: 11 }), 413, 'too-large')
    const { id } = await begin(frontend)
    await problemIn(await fill(frontend, id, 'x'.repeat(11)), 413, 'too-large')
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('x'.repeat(100_000)))
      },
    })
    const init = { body, duplex: 'half' } as RequestInit
    await problemIn(await frontend.call('PUT', `/v1/uploads/${id}/content`, init), 413, 'too-large')
    assert.deepEqual((frontend.media as MemoryMediaStore).keys, [])
  })

  it('is filled once: a second content is refused, and of two at once one wins', async () => {
    const both = Promise.withResolvers<void>()
    let writes = 0
    const media = new MemoryMediaStore((verb) => {
      if (verb !== 'write') return
      if (++writes === 2) both.resolve()
      return both.promise
    })
    await using frontend = await startTestFrontend({ media })
    const { id } = await begin(frontend)
    const answers = await Promise.all([fill(frontend, id, 'first'), fill(frontend, id, 'other')])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
    await problemIn(await fill(frontend, id, 'third'), 409, 'conflict')
    assert.equal(media.keys.length, 1)
  })

  it('leaves nothing behind when the client goes away in the middle', async () => {
    const begun = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    const media = new (class extends MemoryMediaStore {
      override async write(...args: Parameters<MemoryMediaStore['write']>) {
        begun.resolve()
        try {
          return await super.write(...args)
        } finally {
          gone.resolve()
        }
      }
    })()
    await using frontend = await startTestFrontend({ media })
    const { id } = await begin(frontend)
    const client = request(new URL(`/v1/uploads/${id}/content`, frontend.url), {
      method: 'PUT',
      headers: { authorization: `Bearer ${frontend.key}`, 'content-length': 1_000_000 },
    })
    client.on('error', () => undefined)
    client.write('some of it')
    await begun.promise
    client.destroy()
    await gone.promise
    assert.equal((await look(frontend, id)).status, 'open')
    assert.deepEqual(media.keys, [])
    assert.deepEqual(media.unfinished, [])
  })

  it('is given up with 408 when the client sends nothing any more', async () => {
    await using frontend = await startTestFrontend({ limits: { uploadIdleMs: 30 } })
    const { id } = await begin(frontend)
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('some')),
    })
    const init = { body, duplex: 'half' } as RequestInit
    await problemIn(await frontend.call('PUT', `/v1/uploads/${id}/content`, init), 408, 'request-timeout')
    assert.equal((await look(frontend, id)).status, 'open')
  })

  it('stays open when the media store fails, and says that trying later helps', async () => {
    const media = new MemoryMediaStore((verb) => {
      if (verb === 'write') throw new ReelmillError('store-unavailable', 'The media store does not answer.')
    })
    await using frontend = await startTestFrontend({ media })
    const { id } = await begin(frontend)
    const answer = await fill(frontend, id, 'movie')
    assert.equal(answer.headers.get('retry-after'), '5')
    assert.equal((await problemIn(answer, 503, 'store-unavailable')).retry, 'later')
    assert.equal((await look(frontend, id)).status, 'open')
  })

  it('is not asked to send its content when it cannot take it', async () => {
    await using frontend = await startTestFrontend()
    const { id } = await frontend.upload()
    const client = request(new URL(`/v1/uploads/${id}/content`, frontend.url), {
      method: 'PUT',
      headers: { authorization: `Bearer ${frontend.key}`, 'content-length': 5, expect: '100-continue' },
    })
    let wasAsked = false
    client.on('continue', () => {
      wasAsked = true
    })
    client.flushHeaders()
    const [answer] = await once(client, 'response')
    assert.equal(answer.statusCode, 409)
    assert.equal(wasAsked, false)
    client.destroy()
  })

  it('is asked to send its content when it can', async () => {
    await using frontend = await startTestFrontend()
    const { id } = await begin(frontend)
    const client = request(new URL(`/v1/uploads/${id}/content`, frontend.url), {
      method: 'PUT',
      headers: { authorization: `Bearer ${frontend.key}`, 'content-length': 5, expect: '100-continue' },
    })
    client.flushHeaders()
    await once(client, 'continue')
    client.end('movie')
    const [answer] = await once(client, 'response')
    assert.equal(answer.statusCode, 200)
    answer.resume()
  })

  it('is deleted with its bytes, and gone from then on', async () => {
    await using frontend = await startTestFrontend()
    const { id } = await frontend.upload()
    assert.equal((await frontend.call('DELETE', `/v1/uploads/${id}`)).status, 204)
    assert.deepEqual((frontend.media as MemoryMediaStore).keys, [])
    await problemIn(await frontend.call('GET', `/v1/uploads/${id}`), 410, 'gone')
    await problemIn(await fill(frontend, id, 'movie'), 410, 'gone')
    assert.equal((await frontend.store.get(uploadKey(id)))?.value.kind, 'tombstone')
  })

  it('has an ETag, so that it need not be sent twice', async () => {
    await using frontend = await startTestFrontend()
    const { id } = await begin(frontend)
    const etag = (await frontend.call('GET', `/v1/uploads/${id}`)).headers.get('etag') ?? ''
    const again = () => frontend.call('GET', `/v1/uploads/${id}`, { headers: { 'if-none-match': etag } })
    assert.equal((await again()).status, 304)
    await fill(frontend, id, 'movie')
    assert.equal((await again()).status, 200)
  })

  it('is the same for the same idempotency key, and refused for another request', async () => {
    await using frontend = await startTestFrontend()
    const headers = { 'idempotency-key': 'one' }
    const first = await begin(frontend, { fileName: 'a', metadata: { x: '1', y: '2' } }, headers)
    const again = await begin(frontend, { metadata: { y: '2', x: '1' }, fileName: 'a' }, headers)
    assert.equal(again.id, first.id)
    const other = await frontend.send('POST', '/v1/uploads', { fileName: 'b' }, headers)
    await problemIn(other, 422, 'idempotency-mismatch')
  })

  describe('by parts that go straight to the store', () => {
    const parts = (frontend: TestFrontend, id: string, body: object = {}) =>
      frontend.send('POST', `/v1/uploads/${id}/parts`, body)
    const complete = (frontend: TestFrontend, id: string) =>
      frontend.call('POST', `/v1/uploads/${id}/complete`)
    /** Does what PUTs to the presigned URLs would. */
    const put = async (frontend: TestFrontend, upload: Upload, number: number, sizeBytes: number) => {
      const url = upload.parts?.find((part) => part.number === number)?.url ?? ''
      const [, key = '', uploadId = ''] = /^memory:\/\/(.*)\?uploadId=([^&]*)/.exec(url) ?? []
      await frontend.media.writePart(key, uploadId, number, Buffer.alloc(sizeBytes))
    }

    it('is ready when all parts are there', async () => {
      await using frontend = await startTestFrontend()
      const { id } = await begin(frontend, { sizeBytes: PART + 5 })
      const upload = (await (await parts(frontend, id)).json()) as Upload
      assert.equal(upload.partSizeBytes, PART)
      assert.deepEqual(
        upload.parts?.map(({ number }) => number),
        [1, 2],
      )
      await put(frontend, upload, 2, 5)
      await put(frontend, upload, 1, PART)
      const ready = (await (await complete(frontend, id)).json()) as Upload
      assert.equal(ready.status, 'ready')
      assert.equal(ready.sizeBytes, PART + 5)
      assert.deepEqual((await (await complete(frontend, id)).json()) as Upload, ready)
    })

    it('gives the URLs a page at a time, for any number of parts', async () => {
      await using frontend = await startTestFrontend()
      const { id } = await begin(frontend, { sizeBytes: 4 * 2 ** 40 })
      const page = (await (await parts(frontend, id, { firstNumber: 9_900, count: 200 })).json()) as Upload
      const { partSizeBytes = 0 } = page
      assert.ok(partSizeBytes * 10_000 >= 4 * 2 ** 40)
      const last = Math.ceil((4 * 2 ** 40) / partSizeBytes)
      assert.equal(page.parts?.at(-1)?.number, last)
      const beyond = await parts(frontend, id, { firstNumber: last + 1 })
      if (last < 10_000) await problemIn(beyond, 400, 'invalid-request')
    })

    it('is not completed while parts are missing or of the wrong size', async () => {
      await using frontend = await startTestFrontend()
      const { id } = await begin(frontend, { sizeBytes: 2 * PART })
      await problemIn(await complete(frontend, id), 409, 'conflict')
      const upload = (await (await parts(frontend, id)).json()) as Upload
      await problemIn(await complete(frontend, id), 422, 'length-mismatch')
      await put(frontend, upload, 2, PART)
      await problemIn(await complete(frontend, id), 422, 'length-mismatch')
      await put(frontend, upload, 1, PART - 1)
      await problemIn(await complete(frontend, id), 422, 'length-mismatch')
      await put(frontend, upload, 1, PART)
      await put(frontend, upload, 2, PART - 1)
      await problemIn(await complete(frontend, id), 422, 'length-mismatch')
      assert.equal((await look(frontend, id)).status, 'open')
    })

    it('leaves no unfinished parts when it is deleted', async () => {
      await using frontend = await startTestFrontend()
      const { id } = await begin(frontend)
      const both = await Promise.all([parts(frontend, id), parts(frontend, id)])
      assert.deepEqual(
        both.map(({ status }) => status),
        [200, 200],
      )
      assert.equal((frontend.media as MemoryMediaStore).unfinished.length, 1)
      await frontend.call('DELETE', `/v1/uploads/${id}`)
      assert.deepEqual((frontend.media as MemoryMediaStore).unfinished, [])
    })
  })
})
