import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createS3Client } from '#shared/aws/create-s3-client.ts'
import { S3MediaStore } from '#shared/storage/s3-media-store.ts'

describe('a look that the store refuses', () => {
  let server: Server
  let asked = 0
  let refusals = 0
  let media: S3MediaStore
  beforeEach(async () => {
    asked = 0
    server = createServer((_, answer) => {
      // As S3 does: a HEAD is refused without a word of why.
      if (++asked <= refusals) answer.writeHead(403).end()
      else answer.writeHead(200, { ETag: '"e"', 'Content-Length': 7 }).end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = createS3Client({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
      maxAttempts: 1,
    })
    media = new S3MediaStore({ client, bucket: 'media' })
  })
  afterEach(() => {
    server.close()
    server.closeAllConnections()
  })

  it('is repeated, because it may be our clock and no matter of credentials', async () => {
    refusals = 1
    assert.equal((await media.head('in/key'))?.sizeBytes, 7)
    assert.equal(asked, 2)
  })

  it('is about the credentials when it is refused again', async () => {
    refusals = 9
    await assert.rejects(media.head('in/key'), { code: 'store-unavailable', retry: 'changed' })
    assert.equal(asked, 2)
  })
})
