import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { after, before, describe, it } from 'mocha'
import { startTestCloud, type TestCloud } from '../../support/localcloud.ts'

const MIB = 1024 ** 2
const Bucket = 'media'

describe('multipart uploads of the local cloud', () => {
  let cloud: TestCloud
  before(async () => {
    cloud = await startTestCloud()
  })
  after(() => cloud[Symbol.asyncDispose]())

  const begin = async (Key: string, more = {}) =>
    (await cloud.s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId ?? ''
  const part = async (
    Key: string,
    UploadId: string,
    PartNumber: number,
    Body: Buffer,
  ): Promise<CompletedPart> => {
    const { ETag } = await cloud.s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))
    return { PartNumber, ETag }
  }
  const complete = (Key: string, UploadId: string, Parts: CompletedPart[], more = {}) =>
    cloud.s3.send(
      new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }),
    )
  const read = async (Key: string, more = {}) => {
    const answer = await cloud.s3.send(new GetObjectCommand({ Bucket, Key, ...more }))
    return Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
  }
  const blobs = async () => {
    const names = await readdir(join(cloud.dataDir, 's3', 'blobs'), { recursive: true, withFileTypes: true })
    return names.filter((entry) => entry.isFile()).length
  }

  it('become one object, in the order of the numbers, with the ETag of its parts', async () => {
    const id = await begin('movie', { ContentType: 'video/mp4', Metadata: { a: 'b' } })
    const bodies = [randomBytes(5 * MIB), randomBytes(5 * MIB + 1), randomBytes(100)]
    const third = await part('movie', id, 30, bodies[2] ?? Buffer.of())
    const first = await part('movie', id, 1, bodies[0] ?? Buffer.of())
    const second = await part('movie', id, 2, bodies[1] ?? Buffer.of())
    const answer = await complete('movie', id, [first, second, third])
    const md5s = bodies.map((body) => createHash('md5').update(body).digest())
    assert.equal(answer.ETag, `"${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-3"`)
    const whole = Buffer.concat(bodies)
    assert.ok((await read('movie')).equals(whole))
    const across = { Range: `bytes=${5 * MIB - 10}-${10 * MIB + 50}` }
    assert.ok((await read('movie', across)).equals(whole.subarray(5 * MIB - 10, 10 * MIB + 51)))
    assert.ok((await read('movie', { PartNumber: 2 })).equals(bodies[1] ?? Buffer.of()))
    const head = await cloud.s3.send(new HeadObjectCommand({ Bucket, Key: 'movie' }))
    assert.deepEqual(
      [head.ContentType, head.Metadata, head.ContentLength],
      ['video/mp4', { a: 'b' }, whole.length],
    )
  })

  it('list their parts and themselves while they last, page by page', async () => {
    const id = await begin('listed/one')
    const other = await begin('listed/two')
    for (const number of [3, 1, 2]) await part('listed/one', id, number, Buffer.from(`part ${number}`))
    const page = (more = {}) =>
      cloud.s3.send(new ListPartsCommand({ Bucket, Key: 'listed/one', UploadId: id, MaxParts: 2, ...more }))
    const first = await page()
    assert.deepEqual(
      first.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]),
      [
        [1, 6],
        [2, 6],
      ],
    )
    const second = await page({ PartNumberMarker: first.NextPartNumberMarker })
    assert.deepEqual(
      second.Parts?.map(({ PartNumber }) => PartNumber),
      [3],
    )
    assert.equal(second.IsTruncated, false)

    const uploads = (more = {}) =>
      cloud.s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'listed/', MaxUploads: 1, ...more }))
    const one = await uploads()
    assert.deepEqual(
      one.Uploads?.map(({ UploadId }) => UploadId),
      [id],
    )
    const two = await uploads({ KeyMarker: one.NextKeyMarker, UploadIdMarker: one.NextUploadIdMarker })
    assert.deepEqual(
      two.Uploads?.map(({ UploadId }) => UploadId),
      [other],
    )
    assert.equal(two.IsTruncated, false)
  })

  it('replace a part that is sent again, and free what is not wanted', async () => {
    const before = await blobs()
    const id = await begin('replaced')
    await part('replaced', id, 1, randomBytes(5 * MIB))
    const kept = await part('replaced', id, 1, randomBytes(5 * MIB))
    await part('replaced', id, 2, randomBytes(5 * MIB))
    await complete('replaced', id, [kept])
    assert.equal(await blobs(), before + 1)
    await cloud.s3.send(new PutObjectCommand({ Bucket, Key: 'replaced', Body: 'small' }))
    assert.equal(await blobs(), before)
  })

  it('leave nothing behind when they are aborted', async () => {
    const before = await blobs()
    const id = await begin('aborted')
    const one = await part('aborted', id, 1, randomBytes(MIB))
    await cloud.s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'aborted', UploadId: id }))
    assert.equal(await blobs(), before)
    await assert.rejects(complete('aborted', id, [one]), { name: 'NoSuchUpload' })
    await assert.rejects(part('aborted', id, 2, Buffer.from('x')), { name: 'NoSuchUpload' })
    assert.equal(await blobs(), before)
    await assert.rejects(read('aborted'), { name: 'NoSuchKey' })
  })

  it('refuse a wrong ETag, a wrong order, a missing part, a small part, no part and a wrong size', async () => {
    const id = await begin('refused')
    const one = await part('refused', id, 1, randomBytes(100))
    const two = await part('refused', id, 2, randomBytes(100))
    const refused = (parts: CompletedPart[], name: string, more = {}) =>
      assert.rejects(complete('refused', id, parts, more), { name })
    await refused([{ PartNumber: 1, ETag: '"00000000000000000000000000000000"' }], 'InvalidPart')
    await refused([two, one], 'InvalidPartOrder')
    await refused([{ PartNumber: 3, ETag: one.ETag }], 'InvalidPart')
    await refused([one, two], 'EntityTooSmall')
    await refused([], 'MalformedXML')
    await refused([one], 'InvalidRequest', { MpuObjectSize: 99 })
    await assert.rejects(part('refused', id, 10_001, Buffer.from('x')), { name: 'InvalidArgument' })
    await complete('refused', id, [one], { MpuObjectSize: 100 })
  })

  it('take parts from objects, whole or by range', async () => {
    const source = randomBytes(6 * MIB)
    await cloud.s3.send(new PutObjectCommand({ Bucket, Key: 'the source', Body: source }))
    const id = await begin('assembled')
    const copy = async (PartNumber: number, CopySourceRange?: string) => {
      const { CopyPartResult } = await cloud.s3.send(
        new UploadPartCopyCommand({
          Bucket,
          Key: 'assembled',
          UploadId: id,
          PartNumber,
          CopySource: 'media/the%20source',
          ...(CopySourceRange ? { CopySourceRange } : {}),
        }),
      )
      return { PartNumber, ETag: CopyPartResult?.ETag }
    }
    await complete('assembled', id, [await copy(1), await copy(2, 'bytes=10-19')])
    assert.ok((await read('assembled')).equals(Buffer.concat([source, source.subarray(10, 20)])))
  })

  it('combine the checksums of their parts in both ways', async () => {
    const bodies = [randomBytes(5 * MIB), randomBytes(17)]
    for (const ChecksumType of ['COMPOSITE', 'FULL_OBJECT'] as const) {
      const id = await begin('summed', { ChecksumAlgorithm: 'CRC32', ChecksumType })
      const parts: CompletedPart[] = []
      for (const [index, Body] of bodies.entries()) {
        const command = { Bucket, Key: 'summed', UploadId: id, PartNumber: index + 1, Body }
        const answer = await cloud.s3.send(new UploadPartCommand({ ...command, ChecksumAlgorithm: 'CRC32' }))
        parts.push({ PartNumber: index + 1, ETag: answer.ETag, ChecksumCRC32: answer.ChecksumCRC32 })
      }
      const wrong = [{ ...parts[0], ChecksumCRC32: 'AAAAAA==' }, parts[1] ?? {}]
      await assert.rejects(complete('summed', id, wrong), { name: 'InvalidPart' })
      if (ChecksumType === 'FULL_OBJECT') {
        const more = { ChecksumCRC32: 'AAAAAA==', ChecksumType }
        await assert.rejects(complete('summed', id, parts, more), { name: 'BadDigest' })
      }
      const { ChecksumCRC32 } = await complete('summed', id, parts)
      const expected = await cloud.s3.send(
        new PutObjectCommand({
          Bucket,
          Key: 'reference',
          Body: Buffer.concat(bodies),
          ChecksumAlgorithm: 'CRC32',
        }),
      )
      if (ChecksumType === 'FULL_OBJECT') assert.equal(ChecksumCRC32, expected.ChecksumCRC32)
      else assert.match(ChecksumCRC32 ?? '', /-2$/)
      assert.equal((await read('summed')).length, 5 * MIB + 17) // the SDK verifies FULL_OBJECT itself
    }
  })

  it('are read to their end though they are replaced meanwhile, and then their files go', async () => {
    const before = await blobs()
    const id = await begin('swapped')
    const bodies = [randomBytes(6 * MIB), randomBytes(6 * MIB)]
    const parts = [
      await part('swapped', id, 1, bodies[0] ?? Buffer.of()),
      await part('swapped', id, 2, bodies[1] ?? Buffer.of()),
    ]
    await complete('swapped', id, parts)
    const { Body } = await cloud.s3.send(new GetObjectCommand({ Bucket, Key: 'swapped' }))
    await cloud.s3.send(new PutObjectCommand({ Bucket, Key: 'swapped', Body: 'new' }))
    assert.equal(await blobs(), before + 2)
    const read = Buffer.from((await Body?.transformToByteArray()) ?? [])
    assert.ok(read.equals(Buffer.concat(bodies)))
    await cloud.s3.send(new HeadObjectCommand({ Bucket, Key: 'swapped' }))
    for (let turn = 0; (await blobs()) > before; turn++)
      assert.ok(turn < 100, 'the old files are still there')
  })

  it("work with the SDK's own uploader, from a stream", async () => {
    const bytes = randomBytes(12 * MIB + 5)
    const upload = new Upload({
      client: cloud.s3,
      params: { Bucket, Key: 'streamed', Body: Readable.from([bytes.subarray(0, MIB), bytes.subarray(MIB)]) },
    })
    await upload.done()
    assert.ok((await read('streamed')).equals(bytes))
  })
})
