import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { S3MediaStore } from '#shared/storage/s3-media-store.ts'
import type { Job } from '../../../services/frontend/shapes/job.ts'
import type { Upload } from '../../../services/frontend/shapes/upload.ts'
import { startTestFrontend, type TestFrontend } from '../../support/frontend.ts'
import { startTestCloud, type TestCloud } from '../../support/localcloud.ts'

const MIB = 2 ** 20

// Memory that is really held, which is what is left after a collection.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const heldBytes = (): number => {
  collectGarbage()
  const { external, heapUsed } = process.memoryUsage()
  return external + heapUsed
}

describe('the frontend over a real store', () => {
  let cloud: TestCloud
  let frontend: TestFrontend
  before(async () => {
    cloud = await startTestCloud()
    frontend = await startTestFrontend({ media: new S3MediaStore({ client: cloud.s3, bucket: 'media' }) })
  })
  after(async () => {
    await frontend.close()
    await cloud[Symbol.asyncDispose]()
  })

  const begin = async (body: object = {}) =>
    (await (await frontend.send('POST', '/v1/uploads', body)).json()) as Upload
  const stored = async () => {
    const keys: string[] = []
    for await (const { key } of frontend.media.list('in/')) keys.push(key)
    for await (const { key } of frontend.media.listMultiparts('in/')) keys.push(`unfinished ${key}`)
    return keys
  }

  it('streams a movie through without keeping it in memory', async function () {
    this.timeout(60_000)
    const chunk = Buffer.alloc(MIB, 'reelmill')
    const chunks = 120
    const hash = createHash('sha256')
    for (let i = 0; i < chunks; i++) hash.update(chunk)
    const { id } = await begin()
    const before = heldBytes()
    let most = 0
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent % 8 === 0) most = Math.max(most, heldBytes())
        if (sent++ < chunks) controller.enqueue(chunk)
        else controller.close()
      },
    })
    const answer = await frontend.call('PUT', `/v1/uploads/${id}/content`, {
      body,
      duplex: 'half',
    } as RequestInit)
    const upload = (await answer.json()) as Upload
    assert.deepEqual([upload.sizeBytes, upload.sha256], [chunks * MIB, hash.digest('hex')])
    const grownMiB = (most - before) / MIB
    // Client, frontend and store share this process; a few parts under way are all that any of them may hold.
    assert.ok(grownMiB < 90, `memory grew by ${Math.round(grownMiB)} MiB for ${chunks} MiB`)
    await frontend.call('DELETE', `/v1/uploads/${id}`)
    assert.deepEqual(await stored(), [])
  })

  it('leaves neither an object nor parts when a client goes away after some of them were stored', async function () {
    this.timeout(30_000)
    const { id } = await begin()
    const client = request(new URL(`/v1/uploads/${id}/content`, frontend.url), {
      method: 'PUT',
      headers: { authorization: `Bearer ${frontend.key}`, 'content-length': 500 * MIB },
    })
    client.on('error', () => undefined)
    const chunk = Buffer.alloc(MIB)
    const isStored = async () => (await stored()).length > 0
    // Until the store knows of a multipart upload; that is when a hang-up would leave parts behind.
    for (let sent = 0; sent < 200 && !(await isStored()); sent++) {
      await new Promise((resolve) => client.write(chunk, resolve))
    }
    assert.equal(await isStored(), true)
    client.destroy()
    while (await isStored()) await new Promise(setImmediate)
    const upload = (await (await frontend.call('GET', `/v1/uploads/${id}`)).json()) as Upload
    assert.equal(upload.status, 'open')
  })

  it('takes parts that were PUT straight to the store', async function () {
    this.timeout(30_000)
    const movie = Buffer.alloc(17 * MIB, 'part')
    const { id } = await begin({ sizeBytes: movie.length, fileName: 'a.mov' })
    const { parts = [], partSizeBytes = 0 } = (await (
      await frontend.call('POST', `/v1/uploads/${id}/parts`)
    ).json()) as Upload
    for (const { number, url } of parts) {
      const body = movie.subarray((number - 1) * partSizeBytes, number * partSizeBytes)
      assert.equal((await fetch(url, { method: 'PUT', body })).status, 200)
    }
    const ready = (await (await frontend.call('POST', `/v1/uploads/${id}/complete`)).json()) as Upload
    assert.deepEqual([ready.status, ready.sizeBytes], ['ready', movie.length])
    await frontend.call('DELETE', `/v1/uploads/${id}`)
  })

  it('leads to the bytes of a result, with a file name', async () => {
    const form = new FormData()
    form.append('preset', 'web-720p')
    form.append('file', new Blob(['a movie']), 'été.mov')
    const job = (await (await frontend.call('POST', '/v1/jobs', { body: form })).json()) as Job
    await frontend.succeed(job, 'encoded')
    const seen = (await (await frontend.call('GET', `/v1/jobs/${job.id}`)).json()) as Job
    const redirect = await frontend.call('GET', seen.outputs[0]?.files[0]?.url ?? '')
    const file = await fetch(redirect.headers.get('location') ?? '')
    assert.equal(file.status, 200)
    assert.equal(await file.text(), 'encoded')
    assert.equal(file.headers.get('content-type'), 'video/mp4')
    assert.match(
      file.headers.get('content-disposition') ?? '',
      /filename\*=UTF-8''%C3%A9t%C3%A9-web-720p\.mp4/,
    )
  })
})
