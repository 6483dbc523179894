import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { after, before, describe } from 'mocha'
import { testCredentials } from '../support/localcloud.ts'
import { type CloudProcess, spawnLocalcloud } from '../support/localcloud-process.ts'
import type { CommandClient } from './support/clients.ts'
import { proves } from './support/feature-table.ts'
import { runClient } from './support/run-client.ts'

const Bucket = 'media'
const Key = 'a key/with + and %2F and ü.txt'
const overrides = {
  ResponseContentType: 'text/x-film; charset=utf-8',
  ResponseContentDisposition: "attachment; filename*=UTF-8''Ferien%20%C3%BC.txt",
  ResponseCacheControl: 'private, max-age=7',
}

describe('a link that a client signed, in the hands of somebody with no key', function () {
  this.timeout(60_000)
  let folder: string
  let cloud: CloudProcess
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reelmill-clients-links-'))
    cloud = await spawnLocalcloud(folder)
    await cloud.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'content' }))
  })
  after(async () => {
    await cloud?.kill('SIGTERM')
    await rm(folder, { recursive: true, force: true })
  })
  const run = async (client: CommandClient, ...args: string[]) =>
    (await runClient(cloud.s3Url, client, ...args)).trim()
  const presign = async (method: string, params: object): Promise<string> =>
    JSON.parse(await run('boto3', 'presign', method, JSON.stringify({ Bucket, Key, ...params })))

  const readers = {
    'SDK v3': () => getSignedUrl(cloud.s3, new GetObjectCommand({ Bucket, Key })),
    'AWS CLI': () => run('aws', 's3', 'presign', `s3://${Bucket}/${Key}`),
    boto3: () => presign('get_object', {}),
    rclone: () => run('rclone', 'link', '--expire=60s', `store:${Bucket}/${Key}`),
  } as const
  for (const client of ['SDK v3', 'AWS CLI', 'boto3', 'rclone'] as const) {
    proves(
      client,
      'presigned',
      'reads its object, and nothing else with a link that was changed',
      async () => {
        const url = await readers[client]()
        const answer = await fetch(url)
        assert.deepEqual([answer.status, await answer.text()], [200, 'content'])
        const changed = {
          'another key': url.replace('.txt', '.doc'),
          'a longer life': url.replace(/X-Amz-Expires=\d+/, 'X-Amz-Expires=604799'),
          'another signature': url.replace(
            /(X-Amz-Signature=)(.)/,
            (_, name, hex) => name + (hex === 'a' ? 'b' : 'a'),
          ),
          'another type': `${url}&response-content-type=text%2Fhtml`,
        }
        for (const [what, link] of Object.entries(changed)) {
          assert.notEqual(link, url)
          assert.deepEqual(await refusal(link), [403, 'SignatureDoesNotMatch'], what)
        }
        assert.deepEqual(await refusal(url, { method: 'PUT', body: 'over it' }), [
          403,
          'SignatureDoesNotMatch',
        ])
        assert.deepEqual(await refusal(url, { method: 'DELETE' }), [403, 'SignatureDoesNotMatch'])
        assert.deepEqual(await refusal(url.replace(/X-Amz-Credential=[^%]+/, 'X-Amz-Credential=nobody')), [
          403,
          'InvalidAccessKeyId',
        ])
      },
    )
  }

  const overriders = {
    'SDK v3': () => getSignedUrl(cloud.s3, new GetObjectCommand({ Bucket, Key, ...overrides })),
    boto3: () => presign('get_object', overrides),
  } as const
  for (const client of ['SDK v3', 'boto3'] as const) {
    proves(client, 'presigned', 'says under which type and name the object is to be saved', async () => {
      const { headers } = await fetch(await overriders[client]())
      assert.equal(headers.get('content-type'), overrides.ResponseContentType)
      assert.equal(headers.get('content-disposition'), overrides.ResponseContentDisposition)
      assert.equal(headers.get('cache-control'), overrides.ResponseCacheControl)
    })
  }

  const sent = { Key: 'sent/ü + %2F', ContentType: 'video/mp4' }
  const writers = {
    async 'SDK v3'() {
      // Else the SDK signs the checksum of no body, and only an empty one could be sent.
      const signer = new S3Client({
        endpoint: cloud.s3Url,
        region: 'us-east-1',
        credentials: testCredentials,
        forcePathStyle: true,
        requestChecksumCalculation: 'WHEN_REQUIRED',
      })
      const signableHeaders = new Set(['content-type'])
      return await getSignedUrl(signer, new PutObjectCommand({ Bucket, ...sent }), { signableHeaders })
    },
    boto3: () => presign('put_object', sent),
  } as const
  for (const client of ['SDK v3', 'boto3'] as const) {
    proves(client, 'presigned', 'writes an object, of the type that was signed and no other', async () => {
      const url = await writers[client]()
      const body = `by ${client}`
      assert.equal(
        (await fetch(url, { method: 'PUT', body, headers: { 'content-type': 'video/mp4' } })).status,
        200,
      )
      const refused = { method: 'PUT', body: 'other', headers: { 'content-type': 'text/html' } }
      assert.deepEqual(await refusal(url, refused), [403, 'SignatureDoesNotMatch'])
      const answer = await cloud.s3.send(new GetObjectCommand({ Bucket, Key: sent.Key }))
      assert.equal(await answer.Body?.transformToString(), body)
      assert.equal(answer.ContentType, 'video/mp4')
    })
  }
})

/** Status and S3's code of a request that must be refused. */
async function refusal(url: string, init: RequestInit = {}): Promise<[number, string | undefined]> {
  const answer = await fetch(url, init)
  return [answer.status, /<Code>(\w+)<\/Code>/.exec(await answer.text())?.[1]]
}
