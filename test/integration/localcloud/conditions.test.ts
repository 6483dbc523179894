import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { after, before, describe, it } from 'mocha'
import { startTestCloud, type TestCloud } from '../../support/localcloud.ts'

const RACERS = 32
const ROUNDS = 10

describe('conditional writes of the local cloud', () => {
  let cloud: TestCloud
  before(async () => {
    cloud = await startTestCloud()
  })
  after(() => cloud[Symbol.asyncDispose]())

  const put = (Key: string, Body: string | Buffer, more: { IfMatch?: string; IfNoneMatch?: string } = {}) =>
    cloud.s3.send(new PutObjectCommand({ Bucket: 'state', Key, Body, ...more }))
  const read = async (Key: string) => {
    const answer = await cloud.s3.send(new GetObjectCommand({ Bucket: 'state', Key }))
    return { etag: answer.ETag ?? '', text: (await answer.Body?.transformToString()) ?? '' }
  }
  /** The indexes of those that won; everyone else must have been refused by the condition. */
  const winners = async (attempts: Promise<unknown>[]): Promise<number[]> => {
    const results = await Promise.allSettled(attempts)
    return results.flatMap((result, index) => {
      if (result.status === 'fulfilled') return [index]
      assert.equal(result.reason.name, 'PreconditionFailed')
      assert.equal(result.reason.$metadata.httpStatusCode, 412)
      return []
    })
  }

  it('let exactly one of 32 create an object', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const key = `create-${round}`
      const racers = Array.from({ length: RACERS }, (_, i) => put(key, `racer ${i}`, { IfNoneMatch: '*' }))
      const [winner, ...more] = await winners(racers)
      assert.deepEqual(more, [])
      assert.equal((await read(key)).text, `racer ${winner}`)
    }
  })

  it('let exactly one of 32 swap an object, round after round', async () => {
    await put('swap', 'begin')
    for (let round = 0; round < ROUNDS; round++) {
      const { etag } = await read('swap')
      const racers = Array.from({ length: RACERS }, (_, i) =>
        put('swap', `round ${round} racer ${i}`, { IfMatch: etag }),
      )
      const [winner, ...more] = await winners(racers)
      assert.deepEqual(more, [])
      assert.equal((await read('swap')).text, `round ${round} racer ${winner}`)
    }
  })

  it('let exactly one of many create an object when its body is a file', async () => {
    const bodies = Array.from({ length: 8 }, () => randomBytes(200_000))
    const [winner, ...more] = await winners(bodies.map((body) => put('large', body, { IfNoneMatch: '*' })))
    assert.deepEqual(more, [])
    const answer = await cloud.s3.send(new GetObjectCommand({ Bucket: 'state', Key: 'large' }))
    assert.ok(bodies[winner ?? -1]?.equals(Buffer.from((await answer.Body?.transformToByteArray()) ?? [])))
  })

  it('say 404 of a swap of what is not there, and 412 of a stale one', async () => {
    await assert.rejects(put('absent', 'x', { IfMatch: '"0123"' }), { name: 'NoSuchKey' })
    const first = await put('stale', 'one')
    await put('stale', 'two')
    await assert.rejects(put('stale', 'three', { IfMatch: first.ETag ?? '' }), { name: 'PreconditionFailed' })
    assert.equal((await read('stale')).text, 'two')
  })

  it('may create again what was deleted', async () => {
    await put('again', 'one', { IfNoneMatch: '*' })
    await cloud.s3.send(new DeleteObjectCommand({ Bucket: 'state', Key: 'again' }))
    await put('again', 'two', { IfNoneMatch: '*' })
  })

  it('do not exist for If-None-Match with an ETag, which is said and not ignored', async () => {
    await assert.rejects(put('etag', 'x', { IfNoneMatch: '"0123"' }), { name: 'NotImplemented' })
  })

  it('hold for the completion of a multipart upload, and leave the upload as it was when refused', async () => {
    const Key = 'completed'
    const begin = async (body: string) => {
      const { UploadId = '' } = await cloud.s3.send(
        new CreateMultipartUploadCommand({ Bucket: 'state', Key }),
      )
      const { ETag = '' } = await cloud.s3.send(
        new UploadPartCommand({ Bucket: 'state', Key, UploadId, PartNumber: 1, Body: body }),
      )
      return (more: { IfMatch?: string; IfNoneMatch?: string }) =>
        cloud.s3.send(
          new CompleteMultipartUploadCommand({
            Bucket: 'state',
            Key,
            UploadId,
            MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
            ...more,
          }),
        )
    }
    const uploads = await Promise.all(Array.from({ length: 8 }, (_, i) => begin(`upload ${i}`)))
    const [winner, ...more] = await winners(uploads.map((complete) => complete({ IfNoneMatch: '*' })))
    assert.deepEqual(more, [])
    const found = await read(Key)
    assert.equal(found.text, `upload ${winner}`)
    const loser = winner === 0 ? 1 : 0
    await uploads[loser]?.({ IfMatch: found.etag })
    assert.equal((await read(Key)).text, `upload ${loser}`)
  })
})
