import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ReelmillError } from '#shared/errors.ts'
import type { EncodedFile, EncodedOutput } from '../../../services/worker/engine.ts'
import type { Lease } from '../../../services/worker/lease.ts'
import { Publication } from '../../../services/worker/publication.ts'
import { aJob } from '../../support/a-job.ts'
import { type MediaHook, MemoryMediaStore } from '../../support/memory-media-store.ts'

const job = aJob()
const PREFIX = `out/acme/${job.id}/main/3/`
const MOVIE = `${PREFIX}web-720p/movie.mp4`
const sha256 = createHash('sha256').update('movie').digest('hex')

describe('what an attempt publishes', () => {
  let folder: string
  let file: EncodedFile
  let outputs: readonly EncodedOutput[]
  let writes: string[]

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'reelmill-test-'))
    const localPath = path.join(folder, 'movie.mp4')
    await writeFile(localPath, 'movie')
    file = { path: 'movie.mp4', role: 'main', sizeBytes: 5, localPath }
    outputs = [{ name: 'web-720p', status: 'succeeded', streams: [], files: [file], checks: [] }]
  })
  after(() => rm(folder, { recursive: true }))

  function publication(hook: MediaHook = () => undefined, signal = new AbortController().signal) {
    writes = []
    const media = new MemoryMediaStore((verb, key) => {
      if (verb === 'write') writes.push(key)
      return hook(verb, key)
    })
    const lease: Lease = {
      ...{ leaseId: 'lea_1', fence: 3, task: 'main' },
      found: { key: '', etag: '', value: { ...job, rev: 1, writeId: 'w' } },
    }
    return { media, publication: new Publication(media, lease, signal) }
  }

  it('is every file with its digest, then the manifest', async () => {
    const { publication: publishing } = publication()
    const { outputs: results, bytesOut } = await publishing.finish(outputs)
    assert.deepEqual(writes, [MOVIE, `${PREFIX}manifest.json`])
    assert.equal(results[0]?.files[0]?.sha256, sha256)
    assert.ok(bytesOut > 5)
  })

  it('is not sent again where it went up before it was verified', async () => {
    const { publication: publishing } = publication()
    void publishing.begin('web-720p', file)
    const { outputs: results } = await publishing.finish([
      { ...(outputs[0] as EncodedOutput), files: [{ ...file, durationSec: 2 }] },
    ])
    assert.deepEqual(writes, [MOVIE, `${PREFIX}manifest.json`])
    assert.deepEqual(results[0]?.files, [
      { path: 'movie.mp4', role: 'main', sizeBytes: 5, durationSec: 2, sha256 },
    ])
  })

  it('is sent again where it failed on its way, and then fails for good', async () => {
    const away = new ReelmillError('store-unavailable', 'away')
    let failures = 1
    const { publication: publishing } = publication((verb) => {
      if (verb === 'write' && failures-- > 0) throw away
    })
    await publishing.begin('web-720p', file)
    assert.equal((await publishing.finish(outputs)).outputs[0]?.files[0]?.sha256, sha256)
    failures = 9
    const { publication: unlucky } = publication((verb) => {
      if (verb === 'write' && failures-- > 0) throw away
    })
    void unlucky.begin('web-720p', file)
    await assert.rejects(unlucky.finish(outputs), away)
  })

  it('fails when the store shows another size than what was sent', async () => {
    const { publication: publishing } = publication()
    await publishing.begin('web-720p', file)
    const other = { ...(outputs[0] as EncodedOutput), files: [{ ...file, sizeBytes: 6 }] }
    await assert.rejects(publishing.finish([other]), { code: 'output-verification-failed' })
  })

  it('is stopped by whoever disposes of it, and nothing is on its way after that', async () => {
    const arrived = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const { publication: publishing } = publication(async (verb) => {
      if (verb !== 'write') return
      arrived.resolve()
      await held.promise
    })
    const upload = publishing.begin('web-720p', file)
    await arrived.promise
    let disposed = false
    const disposing = publishing[Symbol.asyncDispose]().then(() => {
      disposed = true
    })
    await new Promise(setImmediate)
    assert.equal(disposed, false, 'the store has not answered yet')
    held.resolve()
    await disposing
    assert.ok(await upload)
  })
})
