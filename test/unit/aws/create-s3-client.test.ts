import assert from 'node:assert/strict'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { describe, it } from 'mocha'
import { createS3Client } from '#shared/aws/create-s3-client.ts'

describe('an S3 client', () => {
  const urlOf = async (endpoint: string | undefined, pathStyle?: boolean) => {
    const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' }
    const client = createS3Client({
      endpoint,
      region: 'eu-central-1',
      credentials,
      maxAttempts: 1,
      pathStyle,
    })
    const url = new URL(await getSignedUrl(client, new GetObjectCommand({ Bucket: 'bucket', Key: 'key' })))
    client.destroy()
    return `${url.host}${url.pathname}`
  }

  it('puts the bucket into the path of any endpoint but those of AWS', async () => {
    assert.equal(await urlOf('http://127.0.0.1:9000'), '127.0.0.1:9000/bucket/key')
    assert.equal(await urlOf('http://minio:9000'), 'minio:9000/bucket/key')
    assert.equal(
      await urlOf('https://s3.eu-central-1.amazonaws.com'),
      'bucket.s3.eu-central-1.amazonaws.com/key',
    )
    assert.equal(await urlOf(undefined), 'bucket.s3.eu-central-1.amazonaws.com/key')
  })

  it('leaves the choice to whoever makes it', async () => {
    assert.equal(await urlOf('https://objects.example', false), 'bucket.objects.example/key')
    assert.equal(await urlOf(undefined, true), 's3.eu-central-1.amazonaws.com/bucket/key')
  })
})
