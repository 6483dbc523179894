import assert from 'node:assert/strict'
import { createHash, randomBytes, randomInt } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { hasCode } from '#shared/errors.ts'
import { startTestCloud } from '../../support/localcloud.ts'
import { type CloudProcess, spawnLocalcloud } from '../../support/localcloud-process.ts'

const KILLS = Number(process.env.REELMILL_TEST_KILLS ?? 3)
const WRITERS = 12

describe('what the local cloud has acknowledged', () => {
  let dataDir: string
  let running: CloudProcess | undefined
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'reelmill-durable-'))
  })
  afterEach(async () => {
    await running?.kill('SIGKILL')
    running = undefined
    await rm(dataDir, { recursive: true, force: true })
  })
  const start = async () => {
    running = await spawnLocalcloud(dataDir)
    return running
  }
  const read = async (s3: S3Client, Key: string) => {
    const answer = await s3.send(new GetObjectCommand({ Bucket: 'media', Key }))
    return Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
  }

  it('is there and whole after kill -9 under writes, and nothing else is half there', async function () {
    this.timeout(KILLS * 60_000)
    const acknowledged = new Map<string, string>()
    const latest = new Map<string, string>()
    for (let round = 0; round < KILLS; round++) {
      const cloud = await start()
      let answers = 0
      const writers = Array.from({ length: WRITERS }, async (_, writer) => {
        for (let i = 0; ; i++) {
          // Every third is overwritten again and again; sizes lie on both sides of what is kept in a row.
          const Key = i % 3 === 0 ? `writer-${writer}` : `round-${round}/writer-${writer}/${i}`
          const Body = randomBytes(randomInt(2) ? randomInt(4_000) : randomInt(60_000, 200_000))
          latest.set(Key, md5(Body))
          await cloud.s3.send(new PutObjectCommand({ Bucket: 'media', Key, Body }))
          acknowledged.set(Key, md5(Body))
          if (++answers === 60) cloud.child.kill('SIGKILL')
        }
      })
      await Promise.allSettled(writers)
      await cloud.kill('SIGKILL')
      assert.ok(answers >= 60)

      const again = await start()
      const listed = await allKeys(again.s3)
      for (const key of new Set([...acknowledged.keys(), ...listed])) {
        const found = md5(await read(again.s3, key))
        // What was under way at the end may have been applied, but then whole; nothing older may come back.
        assert.ok([acknowledged.get(key), latest.get(key)].includes(found), `${key} is not as acknowledged`)
        acknowledged.set(key, found)
      }
      await again.kill('SIGKILL')
    }
  })

  it('includes parts of a multipart upload, which can be completed afterwards', async () => {
    const first = await start()
    const Key = 'resumed'
    const at = { Bucket: 'media', Key }
    const { UploadId = '' } = await first.s3.send(new CreateMultipartUploadCommand(at))
    const bodies = [randomBytes(5 * 1024 ** 2), randomBytes(70_000)]
    const put = (s3: S3Client, PartNumber: number) =>
      s3.send(
        new UploadPartCommand({ ...at, UploadId, PartNumber, Body: bodies[PartNumber - 1] ?? Buffer.of() }),
      )
    const one = await put(first.s3, 1)
    await first.kill('SIGKILL')
    const second = await start()
    const two = await put(second.s3, 2)
    const Parts = [one, two].map(({ ETag }, index) => ({ PartNumber: index + 1, ETag }))
    await second.s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }))
    await second.kill('SIGKILL')
    const third = await start()
    assert.ok((await read(third.s3, Key)).equals(Buffer.concat(bodies)))
  })

  it('is alone on the disk: files without a row are removed at the next start', async () => {
    await using cloud = await startTestCloud()
    const body = randomBytes(100_000)
    await cloud.s3.send(new PutObjectCommand({ Bucket: 'media', Key: 'kept', Body: body }))
    const folder = join(cloud.dataDir, 's3', 'blobs')
    await writeFile(join(folder, 'ab', 'abandoned'), 'written, and never named')
    await cloud.restart()
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    )
    assert.equal(files.length, 1)
    const answer = await cloud.s3.send(new GetObjectCommand({ Bucket: 'media', Key: 'kept' }))
    assert.ok(Buffer.from((await answer.Body?.transformToByteArray()) ?? []).equals(body))
  })

  it('belongs to one process: a second one on the same folder is refused, here and elsewhere', async () => {
    await using cloud = await startTestCloud()
    await assert.rejects(
      startTestCloud({ dataDir: cloud.dataDir }),
      (error) => hasCode(error, 'configuration-invalid') && /Another localcloud works on/.test(error.message),
    )
    await start()
    await assert.rejects(spawnLocalcloud(dataDir), /Another localcloud works on/)
  })
})

const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex')

async function allKeys(s3: S3Client): Promise<string[]> {
  const keys: string[] = []
  let token: string | undefined
  do {
    const page = await s3.send(
      new ListObjectsV2Command({
        Bucket: 'media',
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
    )
    keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key))
    token = page.NextContinuationToken
  } while (token !== undefined)
  return keys
}
