import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import {
  ChecksumAlgorithm,
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { after, before, describe, it } from 'mocha'
import { startTestCloud, type TestCloud } from '../../support/localcloud.ts'

const oddKeys = [
  'plain.txt',
  'with space',
  'plus+and%2Fpercent',
  '/leading/slash',
  'a//b',
  'a/../b',
  './dot',
  'ünïcödé/日本語/\u{1F600}',
  `quote'"<>&;:@=,$!*()[]{}|\\^~\``,
  'trailing/',
  ' ',
  'k'.repeat(1024),
  'é'.repeat(512),
  'tab\tand\nnewline',
]

describe('objects of the local cloud', () => {
  let cloud: TestCloud
  before(async () => {
    cloud = await startTestCloud()
  })
  after(() => cloud[Symbol.asyncDispose]())

  const put = (Key: string, Body: string | Buffer, more: Partial<PutObjectCommandInput> = {}) =>
    cloud.s3.send(new PutObjectCommand({ Bucket: 'media', Key, Body, ...more }))
  const get = async (Key: string, more: Partial<GetObjectCommandInput> = {}) => {
    const answer = await cloud.s3.send(new GetObjectCommand({ Bucket: 'media', Key, ...more }))
    return { ...answer, bytes: Buffer.from((await answer.Body?.transformToByteArray()) ?? []) }
  }

  for (const size of [0, 1, 65_536, 65_537, 3_000_000]) {
    it(`keeps ${size} bytes as they are, under the ETag of their MD5`, async () => {
      const bytes = randomBytes(size)
      const { ETag } = await put(`size-${size}`, bytes)
      assert.equal(ETag, `"${createHash('md5').update(bytes).digest('hex')}"`)
      const answer = await get(`size-${size}`)
      assert.ok(answer.bytes.equals(bytes))
      assert.equal(answer.ContentLength, size)
      assert.equal(answer.ETag, ETag)
    })
  }

  it('keeps keys of any kind, and lists them as they are', async () => {
    const Bucket = 'state'
    for (const Key of oddKeys) await cloud.s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
    for (const Key of oddKeys) {
      const answer = await cloud.s3.send(new GetObjectCommand({ Bucket, Key }))
      assert.equal(await answer.Body?.transformToString(), Key)
    }
    for (const EncodingType of [undefined, 'url'] as const) {
      const page = await cloud.s3.send(
        new ListObjectsV2Command({ Bucket, ...(EncodingType && { EncodingType }) }),
      )
      const names = page.Contents?.map(({ Key = '' }) => (EncodingType ? decodeURIComponent(Key) : Key))
      const bytewise = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
      assert.deepEqual(names, oddKeys.toSorted(bytewise))
    }
  })

  it('refuses a key of more than 1,024 bytes', async () => {
    await assert.rejects(put('é'.repeat(513), 'x'), { name: 'KeyTooLongError' })
  })

  it('keeps content type, other headers and metadata', async () => {
    await put('described', 'x', {
      ContentType: 'video/mp4',
      CacheControl: 'no-store',
      ContentDisposition: 'attachment; filename="a.mp4"',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      Metadata: { mood: 'blue', 'odd-name': 'a  b' },
    })
    const answer = await cloud.s3.send(new HeadObjectCommand({ Bucket: 'media', Key: 'described' }))
    assert.equal(answer.ContentType, 'video/mp4')
    assert.equal(answer.CacheControl, 'no-store')
    assert.equal(answer.ContentDisposition, 'attachment; filename="a.mp4"')
    assert.equal(answer.ContentEncoding, 'gzip')
    assert.equal(answer.ContentLanguage, 'de')
    assert.deepEqual(answer.Metadata, { mood: 'blue', 'odd-name': 'a  b' })
  })

  it('serves ranges of small and large bodies, and refuses what lies outside', async () => {
    for (const size of [1000, 200_000]) {
      const bytes = randomBytes(size)
      await put('ranged', bytes)
      const cases: [string, Buffer][] = [
        ['bytes=0-9', bytes.subarray(0, 10)],
        ['bytes=990-', bytes.subarray(990)],
        ['bytes=-7', bytes.subarray(-7)],
        [`bytes=5-${size * 2}`, bytes.subarray(5)],
        [`bytes=-${size * 2}`, bytes],
      ]
      for (const [Range, expected] of cases) {
        const answer = await get('ranged', { Range })
        assert.ok(answer.bytes.equals(expected), Range)
        assert.equal(answer.$metadata.httpStatusCode, 206)
      }
      assert.equal((await get('ranged', { Range: 'bytes=0-9' })).ContentRange, `bytes 0-9/${size}`)
      await assert.rejects(get('ranged', { Range: `bytes=${size}-` }), { name: 'InvalidRange' })
      assert.equal((await get('ranged', { Range: 'bytes=9-5' })).bytes.length, size, 'nonsense is ignored')
    }
  })

  it('answers conditional reads as HTTP says', async () => {
    const { ETag = '' } = await put('conditional', 'x')
    const status = (more: Partial<GetObjectCommandInput>) =>
      get('conditional', more).then(
        (answer) => answer.$metadata.httpStatusCode,
        (error) => error.$metadata.httpStatusCode,
      )
    const past = new Date(Date.now() - 3_600_000)
    const future = new Date(Date.now() + 3_600_000)
    assert.equal(await status({ IfMatch: ETag }), 200)
    assert.equal(await status({ IfMatch: '"other"' }), 412)
    assert.equal(await status({ IfNoneMatch: ETag }), 304)
    assert.equal(await status({ IfNoneMatch: '*' }), 304)
    assert.equal(await status({ IfNoneMatch: '"other"' }), 200)
    assert.equal(await status({ IfModifiedSince: past }), 200)
    assert.equal(await status({ IfModifiedSince: future }), 304)
    assert.equal(await status({ IfUnmodifiedSince: past }), 412)
    assert.equal(await status({ IfUnmodifiedSince: past, IfMatch: ETag }), 200)
    assert.equal(await status({ IfModifiedSince: future, IfNoneMatch: '"other"' }), 200)
  })

  it('replaces headers of the answer when the query says so', async () => {
    await put('renamed', 'x')
    const answer = await get('renamed', {
      ResponseContentDisposition: 'attachment; filename="movie.mp4"',
      ResponseContentType: 'video/mp4',
    })
    assert.equal(answer.ContentDisposition, 'attachment; filename="movie.mp4"')
    assert.equal(answer.ContentType, 'video/mp4')
  })

  it('names what is missing', async () => {
    await assert.rejects(get('nothing'), { name: 'NoSuchKey' })
    await assert.rejects(cloud.s3.send(new GetObjectCommand({ Bucket: 'no-bucket', Key: 'x' })), {
      name: 'NoSuchBucket',
    })
    await assert.rejects(cloud.s3.send(new PutObjectCommand({ Bucket: 'no-bucket', Key: 'x', Body: 'x' })), {
      name: 'NoSuchBucket',
    })
  })

  it('deletes one, or many with a result for each', async () => {
    for (const key of ['gone-1', 'gone-2', 'gone-3']) await put(key, randomBytes(100_000))
    await cloud.s3.send(new DeleteObjectCommand({ Bucket: 'media', Key: 'gone-1' }))
    await cloud.s3.send(new DeleteObjectCommand({ Bucket: 'media', Key: 'gone-1' }))
    const Objects = ['gone-2', 'gone-3', 'never-there & <odd>'].map((Key) => ({ Key }))
    const answer = await cloud.s3.send(new DeleteObjectsCommand({ Bucket: 'media', Delete: { Objects } }))
    assert.deepEqual(answer.Deleted, Objects)
    for (const key of ['gone-1', 'gone-2', 'gone-3']) await assert.rejects(get(key), { name: 'NoSuchKey' })
  })

  it('copies, with or without new metadata, and the copy outlives its source', async () => {
    for (const size of [10, 300_000]) {
      const bytes = randomBytes(size)
      await put('source +ü', bytes, { ContentType: 'video/mp4', Metadata: { a: '1' } })
      const CopySource = `media/${encodeURIComponent('source +ü')}`
      const copy = (Key: string, more = {}) =>
        cloud.s3.send(new CopyObjectCommand({ Bucket: 'state', Key, CopySource, ...more }))
      await copy('copy')
      await copy('changed', { MetadataDirective: 'REPLACE', ContentType: 'text/plain', Metadata: { b: '2' } })
      await put('source +ü', 'overwritten')
      const read = async (Key: string) => {
        const answer = await cloud.s3.send(new GetObjectCommand({ Bucket: 'state', Key }))
        return { ...answer, bytes: Buffer.from((await answer.Body?.transformToByteArray()) ?? []) }
      }
      const plain = await read('copy')
      assert.ok(plain.bytes.equals(bytes))
      assert.deepEqual([plain.ContentType, plain.Metadata], ['video/mp4', { a: '1' }])
      const changed = await read('changed')
      assert.ok(changed.bytes.equals(bytes))
      assert.deepEqual([changed.ContentType, changed.Metadata], ['text/plain', { b: '2' }])
    }
  })

  it('refuses a copy onto itself that changes nothing', async () => {
    await put('self', 'x')
    const copy = new CopyObjectCommand({ Bucket: 'media', Key: 'self', CopySource: 'media/self' })
    await assert.rejects(cloud.s3.send(copy), { name: 'InvalidRequest' })
  })

  it('goes on with the old bytes to the end when the object is replaced while it is read', async () => {
    const old = randomBytes(8_000_000)
    await put('swapped', old)
    const answer = await cloud.s3.send(new GetObjectCommand({ Bucket: 'media', Key: 'swapped' }))
    await put('swapped', 'new')
    const bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
    assert.ok(bytes.equals(old))
    assert.equal((await get('swapped')).bytes.toString(), 'new')
  })

  for (const algorithm of Object.values(ChecksumAlgorithm).filter((name) =>
    /^(CRC32|CRC32C|SHA1|SHA256)$/.test(name),
  )) {
    it(`verifies ${algorithm} and gives it back`, async () => {
      const bytes = randomBytes(100_000)
      const field = `Checksum${algorithm}` as 'ChecksumCRC32'
      const answer = await put('summed', bytes, { ChecksumAlgorithm: algorithm })
      const value = answer[field]
      assert.ok(value)
      const head = await cloud.s3.send(
        new HeadObjectCommand({ Bucket: 'media', Key: 'summed', ChecksumMode: 'ENABLED' }),
      )
      assert.equal(head[field], value)
      await assert.rejects(put('summed', randomBytes(100_000), { [field]: value }), { name: 'BadDigest' })
      assert.ok((await get('summed')).bytes.equals(bytes), 'what was refused has changed nothing')
    })
  }

  it('verifies Content-MD5', async () => {
    const md5 = createHash('md5').update('right').digest('base64')
    await put('md5', 'right', { ContentMD5: md5 })
    await assert.rejects(put('md5', 'wrong', { ContentMD5: md5 }), { name: 'BadDigest' })
    await assert.rejects(put('md5', 'x', { ContentMD5: 'nonsense' }), { name: 'InvalidDigest' })
  })
})
