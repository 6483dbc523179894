import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { bindSoap } from '../../../services/frontend/bind-soap.ts'
import type { Job } from '../../../services/frontend/shapes/job.ts'
import type { Upload } from '../../../services/frontend/shapes/upload.ts'
import type { SoapOperations } from '../../../services/frontend/soap/soap-operations.ts'
import { startTestFrontend, type TestFrontend } from '../../support/frontend.ts'
import type { MemoryMediaStore } from '../../support/memory-media-store.ts'

describe('the operations that SOAP alone has', () => {
  const caller = { tenant: 'acme', keyId: 'key_1', scopes: ['admin'] } as const
  const bound = (frontend: TestFrontend) => {
    const operations = bindSoap(frontend.operations)
    return async <T>(name: keyof SoapOperations, request: object, content = ''): Promise<T> => {
      const call = {
        caller,
        request,
        content: Readable.from([Buffer.from(content)]),
        signal: new AbortController().signal,
      }
      return (await operations[name](call as never)) as T
    }
  }
  const stored = (frontend: TestFrontend) => (frontend.media as MemoryMediaStore).keys

  it('take a movie in chunks, each of any size, and join them', async () => {
    await using frontend = await startTestFrontend()
    const call = bound(frontend)
    const { id } = await call<Upload>('BeginUpload', { fileName: 'a.mov', sizeBytes: 7 })
    await call('UploadChunk', { uploadId: id, offset: 0 }, 'a mo')
    const after = await call<Upload>('UploadChunk', { uploadId: id, offset: 4 }, 'vie')
    assert.equal(after.receivedBytes, 7)
    const sha256 = createHash('sha256').update('a movie').digest('hex')
    const ready = await call<Upload>('CompleteUpload', { uploadId: id, sizeBytes: 7, sha256 })
    assert.deepEqual([ready.status, ready.sizeBytes, ready.sha256], ['ready', 7, sha256])
    assert.deepEqual(await call<Upload>('CompleteUpload', { uploadId: id, sizeBytes: 7, sha256 }), ready)
    const keys = stored(frontend)
    assert.equal(keys.length, 1)
    const object = await frontend.media.read(keys[0] ?? '')
    assert.equal(object && (await text(object.body)), 'a movie')
  })

  it('take a movie and its job in one call, and leave nothing of what is refused', async () => {
    await using frontend = await startTestFrontend()
    const call = bound(frontend)
    const wishes = { presets: ['web-720p'], reference: 'r', fileName: 'a.mov', idempotencyKey: 'k' }
    const job = await call<Job>('UploadMovie', wishes, 'a movie')
    assert.equal(job.reference, 'r')
    assert.equal((await call<Job>('UploadMovie', wishes, 'a movie')).id, job.id)
    await assert.rejects(call('UploadMovie', wishes, 'other'), { code: 'idempotency-mismatch' })
    await assert.rejects(call('UploadMovie', { presets: ['web-1p'] }, 'x'), { code: 'unknown-preset' })
    await assert.rejects(call('UploadMovie', { presets: ['web-720p'], sizeBytes: 9 }, 'x'), {
      code: 'length-mismatch',
    })
    await assert.rejects(call('UploadMovie', { presets: [] }, 'x'), { code: 'invalid-request' })
    assert.equal(stored(frontend).length, 1)
  })

  it('refuse a job before they read its movie', async () => {
    await using frontend = await startTestFrontend({ limits: { maxOpenJobs: 1 } })
    const { UploadMovie } = bindSoap(frontend.operations)
    const refusal = async (request: Readonly<Record<string, unknown>>, code: string) => {
      const content = Readable.from([Buffer.from('a movie')])
      const call = { caller, request, content, signal: new AbortController().signal }
      await assert.rejects(UploadMovie(call), { code })
      assert.equal(content.readableDidRead, false, code)
    }
    await refusal({ presets: ['web-1p'] }, 'unknown-preset')
    const notify = [{ kind: 'webhook', url: 'ftp://example.com/' }]
    await refusal({ presets: ['web-720p'], notify }, 'destination-refused')
    await frontend.submit()
    await refusal({ presets: ['web-720p'] }, 'quota-exceeded')
  })

  it('list files and hand out their bytes, all or a part', async () => {
    await using frontend = await startTestFrontend()
    const call = bound(frontend)
    const job = await frontend.submit()
    await frontend.succeed(job, 'encoded')
    const [entry] = await call<{ output: string; file: { path: string } }[]>('ListFiles', { jobId: job.id })
    assert.deepEqual([entry?.output, entry?.file.path], ['web-720p', 'movie.mp4'])
    const file = { jobId: job.id, output: 'web-720p', path: 'movie.mp4' }
    const fetched = async (part: object) => {
      const { body, sizeBytes } = await call<{ body: Readable; sizeBytes: number }>('FetchFile', {
        ...file,
        ...part,
      })
      return `${sizeBytes} ${await text(body)}`
    }
    assert.equal(await fetched({}), '7 encoded')
    assert.equal(await fetched({ offset: 2, length: 3 }), '3 cod')
    assert.equal(await fetched({ offset: 5, length: 99 }), '2 ed')
    assert.equal(await fetched({ offset: 7 }), '0 ')
    await assert.rejects(fetched({ offset: 8 }), { code: 'invalid-request' })
    const { url, expiresAt } = await call<{ url: string; expiresAt: string }>('GetFileUrl', file)
    assert.ok(url.includes('movie.mp4') && expiresAt > new Date().toISOString())
  })
})
