import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { before, describe, it } from 'mocha'
import { spawnLocalcloud } from '../../support/localcloud-process.ts'
import { requireTool } from '../../support/tools.ts'

const DISK_BYTES = 24 * 1024 ** 2
const Bucket = 'media'

describe('the local cloud on a full disk', () => {
  before(function () {
    requireTool(this, 'bwrap')
  })

  it('refuses what does not fit, keeps what it has, and goes on when there is room again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'reelmill-small-disk-'))
    const disk = ['--size', String(DISK_BYTES), '--tmpfs', folder]
    const cloud = await spawnLocalcloud(folder, [
      'bwrap',
      '--dev-bind',
      '/',
      '/',
      ...disk,
      '--die-with-parent',
      '--',
    ])
    try {
      const put = (Key: string, Body: Buffer) => cloud.s3.send(new PutObjectCommand({ Bucket, Key, Body }))
      const read = async (Key: string) => {
        const answer = await cloud.s3.send(new GetObjectCommand({ Bucket, Key }))
        return Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
      }
      const kept = new Map<string, Buffer>()
      const fill = async (prefix: string, size: number) => {
        for (let i = 0; ; i++) {
          const body = randomBytes(size)
          try {
            await put(`${prefix}-${i}`, body)
          } catch (error) {
            return error as Error & { $metadata: { httpStatusCode: number } }
          }
          kept.set(`${prefix}-${i}`, body)
        }
      }
      for (const [prefix, size] of [
        ['large', 3_000_000],
        ['medium', 200_000],
        ['small', 30_000],
      ] as const) {
        const error = await fill(prefix, size)
        assert.equal(error.name, 'InsufficientStorage', error.message)
        assert.equal(error.$metadata.httpStatusCode, 507)
      }
      const page = await cloud.s3.send(new ListObjectsV2Command({ Bucket }))
      assert.deepEqual(page.Contents?.map(({ Key }) => Key).sort(), [...kept.keys()].sort())
      for (const [key, body] of kept) assert.ok((await read(key)).equals(body), key)

      await cloud.s3.send(new DeleteObjectCommand({ Bucket, Key: 'large-0' }))
      const body = randomBytes(1_000_000)
      await put('large-0', body)
      assert.ok((await read('large-0')).equals(body))
    } finally {
      await cloud.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    }
  })
})
