import assert from 'node:assert/strict'
import { openAsBlob } from 'node:fs'
import { appendFile, copyFile } from 'node:fs/promises'
import path from 'node:path'
import type { Job } from '../../services/frontend/shapes/job.ts'
import type { Upload } from '../../services/frontend/shapes/upload.ts'
import { clipFolder, everydayClip } from '../support/clips.ts'
import { type FaultBench, startFaultBench } from '../support/fault-bench.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { requireTool } from '../support/tools.ts'

const BOX_BYTES = 20 * 2 ** 20

/** The everyday clip with a box at its end that players skip, so that it is sent in three parts. */
async function heavyClip(): Promise<string> {
  const file = path.join(clipFolder(), 'heavy.mp4')
  await copyFile(await everydayClip(), file)
  const box = Buffer.alloc(BOX_BYTES)
  box.writeUInt32BE(BOX_BYTES, 0)
  box.write('free', 4, 'latin1')
  await appendFile(file, box)
  return file
}

describe('a frontend that is killed', function () {
  this.timeout(120_000)
  let bench: FaultBench
  let queue: FaultProxy | undefined
  before(function () {
    requireTool(this, 'ffmpeg', 'bwrap', 'prlimit')
  })
  afterEach(async () => {
    await bench?.[Symbol.asyncDispose]()
    await queue?.close()
    queue = undefined
  })

  const ask = async <T>(method: string, target: string, body?: object, headers: object = {}): Promise<T> => {
    const answer = await fetch(new URL(target, bench.url), {
      method,
      ...(body && { body: JSON.stringify(body) }),
      headers: { authorization: `Bearer ${bench.key}`, 'content-type': 'application/json', ...headers },
    })
    if (!answer.ok) throw new Error(`${method} ${target}: ${answer.status} ${await answer.text()}`)
    return (answer.status === 204 ? undefined : await answer.json()) as T
  }

  const fill = async (uploadId: string, file: string) => {
    const answer = await fetch(new URL(`/v1/uploads/${uploadId}/content`, bench.url), {
      method: 'PUT',
      body: await openAsBlob(file),
      headers: { authorization: `Bearer ${bench.key}` },
    })
    assert.equal(answer.status, 200, await answer.text())
  }

  /** Kills the frontend when the second part of a movie is on its way to the store. */
  const killWhileFilling = async (): Promise<void> => {
    const { network } = bench
    assert.ok(network)
    const never = Promise.withResolvers<void>()
    const filling = Promise.withResolvers<void>()
    network.fault = ({ method, path }) => {
      if (method !== 'PUT' || !path.includes('partNumber=2')) return { kind: 'pass' }
      filling.resolve()
      return { kind: 'held', until: never.promise }
    }
    const uploaded = bench.api.upload(await heavyClip())
    const refused = assert.rejects(uploaded)
    await filling.promise
    await bench.kill('frontend')
    await refused
    network.fault = () => ({ kind: 'pass' })
    never.resolve()
    await network.idle()
  }
  const parts = async () => {
    const found: string[] = []
    for await (const { key } of bench.stores.media.listMultiparts('in/')) found.push(key)
    return found
  }

  it('in the middle of an upload lets the client fill the same upload again', async () => {
    bench = await startFaultBench({}, { badNetwork: true })
    await killWhileFilling()
    await bench.start('frontend')
    const [uploadId = ''] = (await parts()).map((key) => key.split('/')[2] ?? '')
    assert.equal((await ask<Upload>('GET', `/v1/uploads/${uploadId}`)).status, 'open')
    await fill(uploadId, await heavyClip())
    const { id } = await bench.api.submit(uploadId, ['web-480p'])
    assert.equal((await bench.api.follow(id)).status, 'succeeded')
    await ask('DELETE', `/v1/uploads/${uploadId}`)
    await bench.succeeded(id)
  })

  it('in the middle of an upload leaves parts that go when the upload expires', async () => {
    bench = await startFaultBench(
      { REELMILL_UPLOAD_LIFE_SEC: '1', REELMILL_TIDY_SEC: '1' },
      { badNetwork: true },
    )
    // Nobody tidies before the parts were seen, however long that takes.
    await bench.service('master').stop(15_000)
    await killWhileFilling()
    assert.equal((await parts()).length, 1)
    await bench.start('master')
    await bench.nothingIsLeft(30_000)
  })

  it('between record and bell loses no job, and a repeat of the request gives the same one', async () => {
    bench = await startFaultBench()
    queue = await startFaultProxy(bench.queueUrl)
    const never = Promise.withResolvers<void>()
    const ringing = Promise.withResolvers<void>()
    await bench.service('frontend').stop(15_000)
    await bench.start('frontend', { AWS_ENDPOINT_URL_SQS: queue.url })
    const { id: uploadId } = await bench.api.upload(await everydayClip())
    const request = { inputs: [{ source: { uploadId } }], outputs: [{ preset: 'web-480p' }] }
    const submit = () => ask<Job>('POST', '/v1/jobs', request, { 'idempotency-key': 'once' })
    const jobs = async () => (await ask<{ items: readonly Job[] }>('GET', '/v1/jobs')).items
    queue.fault = () => {
      ringing.resolve()
      return { kind: 'held', until: never.promise }
    }
    const unanswered = assert.rejects(submit())
    await ringing.promise
    await bench.kill('frontend')
    await unanswered
    await bench.start('frontend')
    const [job] = await jobs()
    assert.ok(job)
    await bench.succeeded(job.id, ['succeeded'])
    assert.equal((await submit()).id, job.id)
    assert.equal((await jobs()).length, 1)
  })
})
