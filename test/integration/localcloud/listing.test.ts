import assert from 'node:assert/strict'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketLocationCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { after, before, describe, it } from 'mocha'
import { startTestCloud, type TestCloud } from '../../support/localcloud.ts'

describe('buckets and listings of the local cloud', () => {
  let cloud: TestCloud
  before(async () => {
    cloud = await startTestCloud()
    const keys = ['a', 'dir/1', 'dir/2', 'dir/sub/3', 'dir0', 'z']
    for (const Key of keys) await cloud.s3.send(new PutObjectCommand({ Bucket: 'media', Key, Body: Key }))
  })
  after(() => cloud[Symbol.asyncDispose]())

  const list = (more: Partial<ListObjectsV2CommandInput>) =>
    cloud.s3.send(new ListObjectsV2Command({ Bucket: 'media', ...more }))
  const keysOf = (page: { Contents?: { Key?: string | undefined }[] | undefined }) =>
    (page.Contents ?? []).map(({ Key }) => Key)
  const foldersOf = (page: { CommonPrefixes?: { Prefix?: string | undefined }[] | undefined }) =>
    (page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix)

  it('roll keys up to their folders by a delimiter', async () => {
    const top = await list({ Delimiter: '/' })
    assert.deepEqual([keysOf(top), foldersOf(top)], [['a', 'dir0', 'z'], ['dir/']])
    const dir = await list({ Delimiter: '/', Prefix: 'dir/' })
    assert.deepEqual([keysOf(dir), foldersOf(dir)], [['dir/1', 'dir/2'], ['dir/sub/']])
    assert.equal(dir.KeyCount, 3)
  })

  it('begin behind StartAfter', async () => {
    assert.deepEqual(keysOf(await list({ StartAfter: 'dir/2' })), ['dir/sub/3', 'dir0', 'z'])
  })

  it('go on with a token, and refuse one that is not theirs', async () => {
    const seen: unknown[] = []
    let token: string | undefined
    do {
      const page = await list({ MaxKeys: 2, Delimiter: '/', ...(token ? { ContinuationToken: token } : {}) })
      seen.push(...keysOf(page), ...foldersOf(page))
      token = page.NextContinuationToken
      assert.equal(page.IsTruncated, token !== undefined)
    } while (token)
    assert.deepEqual(seen, ['a', 'dir/', 'dir0', 'z'])
    await assert.rejects(list({ ContinuationToken: '!!' }), { name: 'InvalidArgument' })
  })

  it('page by marker for clients of the first version', async () => {
    const list1 = (Marker?: string) =>
      cloud.s3.send(
        new ListObjectsCommand({
          Bucket: 'media',
          Delimiter: '/',
          MaxKeys: 2,
          ...(Marker ? { Marker } : {}),
        }),
      )
    const one = await list1()
    assert.deepEqual([keysOf(one), foldersOf(one), one.NextMarker], [['a'], ['dir/'], 'dir/'])
    const two = await list1(one.NextMarker)
    assert.deepEqual([keysOf(two), foldersOf(two), two.IsTruncated], [['dir0', 'z'], [], false])
  })

  it('show a key as soon as its PUT was answered', async () => {
    for (let i = 0; i < 20; i++) {
      const Key = `fresh/${i}`
      await cloud.s3.send(new PutObjectCommand({ Bucket: 'media', Key, Body: Buffer.alloc(0) }))
      assert.ok(keysOf(await list({ Prefix: 'fresh/' })).includes(Key))
    }
  })

  it('are made once, found, listed, and deleted only when empty', async () => {
    const Bucket = 'a-bucket'
    await assert.rejects(cloud.s3.send(new HeadBucketCommand({ Bucket })), { name: 'NotFound' })
    await cloud.s3.send(new CreateBucketCommand({ Bucket }))
    await assert.rejects(cloud.s3.send(new CreateBucketCommand({ Bucket })), {
      name: 'BucketAlreadyOwnedByYou',
    })
    await cloud.s3.send(new HeadBucketCommand({ Bucket }))
    await cloud.s3.send(new GetBucketLocationCommand({ Bucket }))
    const { Buckets } = await cloud.s3.send(new ListBucketsCommand({}))
    assert.deepEqual(
      Buckets?.map(({ Name }) => Name),
      [Bucket, 'media', 'state'],
    )
    await cloud.s3.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' }))
    await assert.rejects(cloud.s3.send(new DeleteBucketCommand({ Bucket })), { name: 'BucketNotEmpty' })
    await assert.rejects(cloud.s3.send(new CreateBucketCommand({ Bucket: 'Bad_Name' })), {
      name: 'InvalidBucketName',
    })
  })
})
