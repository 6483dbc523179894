import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { after, before } from 'mocha'
import { S3MediaStore } from '#shared/storage/s3-media-store.ts'
import { startTestCloud, type TestCloud } from '../../support/localcloud.ts'
import { mediaStoreContract } from './media-store-contract.ts'

let cloud: TestCloud
let buckets = 0

before(async () => {
  cloud = await startTestCloud()
})
after(() => cloud[Symbol.asyncDispose]())

mediaStoreContract('on S3', async () => {
  const bucket = `media-${++buckets}`
  await cloud.s3.send(new CreateBucketCommand({ Bucket: bucket }))
  return new S3MediaStore({ client: cloud.s3, bucket })
})
