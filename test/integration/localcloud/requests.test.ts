import assert from 'node:assert/strict'
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { CopyObjectCommand, GetObjectCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { after, before, describe, it } from 'mocha'
import { systemClock } from '#shared/clock.ts'
import { S3MediaStore } from '#shared/storage/s3-media-store.ts'
import { startTestCloud, type TestCloud, testCredentials } from '../../support/localcloud.ts'

const stateCredentials = { accessKeyId: 'state-key', secretAccessKey: 'state-secret' }

/** Signs as AWS documents it, without any of the code under test. */
function sign(method: string, target: string, headers: Record<string, string>, payloadHash: string) {
  const [path = '', query = ''] = target.split('?')
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = `${timestamp.slice(0, 8)}/eu-west-3/s3/aws4_request`
  const all: Record<string, string> = {
    ...headers,
    'x-amz-date': timestamp,
    'x-amz-content-sha256': payloadHash,
  }
  const names = Object.keys(all).sort()
  const canonical = [
    method,
    path,
    query && `${query}=`,
    ...names.map((name) => `${name}:${all[name]}`),
    '',
    names.join(';'),
    payloadHash,
  ]
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest()
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${testCredentials.secretAccessKey}`)
  const chain = (kind: string, hashes: string) =>
    hmac(key, `${kind}\n${timestamp}\n${scope}\n${hashes}`).toString('hex')
  const signature = chain('AWS4-HMAC-SHA256', sha256(canonical.join('\n')))
  const authorization = `AWS4-HMAC-SHA256 Credential=${testCredentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { headers: { ...all, authorization }, signature, chain }
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')

async function answerOf(
  request: ClientRequest,
): Promise<{ status: number; body: string; message: IncomingMessage }> {
  const [message] = (await once(request, 'response')) as [IncomingMessage]
  return { status: message.statusCode ?? 0, body: await text(message), message }
}

describe('requests to the local cloud', () => {
  let cloud: TestCloud
  let host: string
  before(async () => {
    cloud = await startTestCloud({
      credentials: [
        { ...testCredentials, exceptBuckets: ['state'] },
        { ...stateCredentials, onlyBuckets: ['state'] },
      ],
      corsOrigins: ['https://app.example'],
    })
    host = new URL(cloud.s3Url).host
  })
  after(() => cloud[Symbol.asyncDispose]())

  const send = (method: string, path: string, headers: Record<string, string>, body?: string | Buffer) => {
    const request = httpRequest(`${cloud.s3Url}${path}`, { method, headers })
    request.end(body)
    return answerOf(request)
  }
  const read = async (Key: string) => {
    const answer = await cloud.s3.send(new GetObjectCommand({ Bucket: 'media', Key }))
    return (await answer.Body?.transformToString()) ?? ''
  }

  it('may be presigned for reading, under a file name of any characters', async () => {
    const media = new S3MediaStore({ client: cloud.s3, bucket: 'media' })
    await cloud.s3.send(new PutObjectCommand({ Bucket: 'media', Key: 'a ü+', Body: 'content' }))
    const url = await media.presignRead('a ü+', { expiresSec: 60, fileName: 'Ferien “24”.mp4' })
    const answer = await fetch(url)
    assert.equal(await answer.text(), 'content')
    assert.match(
      answer.headers.get('content-disposition') ?? '',
      /filename\*=UTF-8''Ferien%20%E2%80%9C24%E2%80%9D\.mp4/,
    )
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 403)
  })

  it('may put presigned parts, with any content', async () => {
    const media = new S3MediaStore({ client: cloud.s3, bucket: 'media' })
    const uploadId = await media.beginMultipart('from-browser')
    const url = await media.presignPart('from-browser', uploadId, 1, { expiresSec: 60 })
    const answer = await fetch(url, {
      method: 'PUT',
      body: 'any content',
      headers: { origin: 'https://app.example' },
    })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('access-control-allow-origin'), 'https://app.example')
    assert.match(answer.headers.get('access-control-expose-headers') ?? '', /ETag/)
    const parts = (await media.listParts('from-browser', uploadId)) ?? []
    assert.deepEqual(parts, [{ number: 1, etag: answer.headers.get('etag') ?? '', sizeBytes: 11 }])
    await media.completeMultipart('from-browser', uploadId, parts)
    assert.equal(await read('from-browser'), 'any content')
  })

  it('honour what a signer put into the query of a presigned request', async () => {
    const command = new PutObjectCommand({
      Bucket: 'media',
      Key: 'hoisted',
      Metadata: { mood: 'blue' },
      ChecksumCRC32: 'AAAAAA==',
    })
    const url = await getSignedUrl(cloud.s3, command, { expiresIn: 60 })
    assert.match(url, /x-amz-meta-mood=blue/)
    const refused = await fetch(url, { method: 'PUT', body: 'not empty' })
    assert.match(await refused.text(), /<Code>BadDigest<\/Code>/)
    assert.equal((await fetch(url, { method: 'PUT', body: '' })).status, 200)
    const { Metadata } = await cloud.s3.send(new GetObjectCommand({ Bucket: 'media', Key: 'hoisted' }))
    assert.deepEqual(Metadata, { mood: 'blue' })
  })

  it('are answered to a browser that asks first, if its page may', async () => {
    const ask = (origin: string) =>
      fetch(`${cloud.s3Url}/media/x`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'PUT',
          'access-control-request-headers': 'content-type',
        },
      })
    const allowed = await ask('https://app.example')
    assert.equal(allowed.status, 200)
    assert.match(allowed.headers.get('access-control-allow-methods') ?? '', /PUT/)
    assert.equal(allowed.headers.get('access-control-allow-headers'), 'content-type')
    const refused = await ask('https://evil.example')
    assert.equal(refused.status, 403)
    assert.equal(refused.headers.get('access-control-allow-origin'), null)
  })

  it('reach only the buckets of their key, by copies too', async () => {
    const state = cloud.s3With({ credentials: stateCredentials })
    await state.send(new PutObjectCommand({ Bucket: 'state', Key: 'secret', Body: 'x' }))
    const denied = { name: 'AccessDenied' }
    await assert.rejects(cloud.s3.send(new GetObjectCommand({ Bucket: 'state', Key: 'secret' })), denied)
    await assert.rejects(state.send(new PutObjectCommand({ Bucket: 'media', Key: 'x', Body: 'x' })), denied)
    const copy = new CopyObjectCommand({ Bucket: 'media', Key: 'stolen', CopySource: 'state/secret' })
    await assert.rejects(cloud.s3.send(copy), denied)
    const { Buckets } = await state.send(new ListBucketsCommand({}))
    assert.deepEqual(
      Buckets?.map(({ Name }) => Name),
      ['state'],
    )
  })

  it('are refused with a wrong secret, an unknown key or none', async () => {
    const command = () => new GetObjectCommand({ Bucket: 'media', Key: 'x' })
    const wrong = cloud.s3With({ credentials: { ...testCredentials, secretAccessKey: 'wrong' } })
    await assert.rejects(wrong.send(command()), { name: 'SignatureDoesNotMatch' })
    const unknown = cloud.s3With({ credentials: { ...testCredentials, accessKeyId: 'nobody' } })
    await assert.rejects(unknown.send(command()), { name: 'InvalidAccessKeyId' })
    const anonymous = await fetch(`${cloud.s3Url}/media/x`)
    assert.equal(anonymous.status, 403)
    assert.equal(anonymous.headers.get('content-type'), 'application/xml')
    const body = await anonymous.text()
    const id = anonymous.headers.get('x-amz-request-id')
    assert.match(body, new RegExp(`<Error><Code>AccessDenied</Code>.*<RequestId>${id}</RequestId></Error>`))
  })

  it('with a link of Signature Version 2 are told which one to use', async () => {
    const link = `${cloud.s3Url}/media/x?AWSAccessKeyId=${testCredentials.accessKeyId}&Signature=c2ln&Expires=4102444800`
    const answer = await fetch(link)
    assert.equal(answer.status, 400)
    assert.match(await answer.text(), /<Code>InvalidRequest<\/Code>.*AWS4-HMAC-SHA256/)
  })

  it('are answered with the length of the answer, though it be 0, and not in chunks', async () => {
    const target = '/media/answered'
    const lengths: (string | undefined)[] = []
    for (const method of ['PUT', 'DELETE']) {
      const { headers } = sign(method, target, { host }, 'UNSIGNED-PAYLOAD')
      const { message } = await send(method, target, { ...headers, 'content-length': '0' })
      assert.equal(message.headers['transfer-encoding'], undefined)
      lengths.push(message.headers['content-length'])
    }
    // DELETE answers 204, which may have none.
    assert.deepEqual(lengths, ['0', undefined])
  })

  it('stream a body whose checksum follows it', async () => {
    const bytes = randomBytes(300_000)
    const Body = Readable.from([bytes.subarray(0, 100_001), bytes.subarray(100_001)])
    await cloud.s3.send(
      new PutObjectCommand({
        Bucket: 'media',
        Key: 'streamed',
        Body,
        ContentLength: bytes.length,
        ContentEncoding: 'gzip',
      }),
    )
    const answer = await cloud.s3.send(new GetObjectCommand({ Bucket: 'media', Key: 'streamed' }))
    assert.equal(answer.ContentEncoding, 'gzip', 'aws-chunked is not kept')
    assert.ok(Buffer.from((await answer.Body?.transformToByteArray()) ?? []).equals(bytes))
  })

  it('are checked chunk by chunk when the chunks are signed', async () => {
    const path = '/media/signed-chunks'
    const put = (body: string, tamper: (chunk: string) => string) => {
      const length = String(body.length)
      const kind = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
      const { headers, signature, chain } = sign(
        'PUT',
        path,
        { host, 'x-amz-decoded-content-length': length },
        kind,
      )
      let previous = signature
      const chunk = (data: string) => {
        previous = chain('AWS4-HMAC-SHA256-PAYLOAD', `${previous}\n${sha256('')}\n${sha256(data)}`)
        return `${data.length.toString(16)};chunk-signature=${previous}\r\n${tamper(data)}\r\n`
      }
      return send(
        'PUT',
        path,
        { ...headers, 'content-encoding': 'aws-chunked' },
        `${chunk(body)}${chunk('')}`,
      )
    }
    assert.equal((await put('a'.repeat(100_000), (data) => data)).status, 200)
    assert.equal(await read('signed-chunks'), 'a'.repeat(100_000))
    const refused = await put('b'.repeat(100_000), (data) => data.replace('b', 'c'))
    assert.match(refused.body, /SignatureDoesNotMatch/)
    assert.equal(await read('signed-chunks'), 'a'.repeat(100_000))
  })

  it('are refused when the body is not the one that was signed, and change nothing', async () => {
    const { headers } = sign('PUT', '/media/hash', { host }, sha256('right'))
    assert.match((await send('PUT', '/media/hash', headers, 'wrong')).body, /XAmzContentSHA256Mismatch/)
    await assert.rejects(read('hash'), { name: 'NoSuchKey' })
    assert.equal((await send('PUT', '/media/hash', headers, 'right')).status, 200)
  })

  it('without a length are refused', async () => {
    const { headers } = sign('PUT', '/media/nolength', { host }, 'UNSIGNED-PAYLOAD')
    const { status, body } = await send(
      'PUT',
      '/media/nolength',
      { ...headers, 'transfer-encoding': 'chunked' },
      'x',
    )
    assert.equal(status, 411)
    assert.match(body, /MissingContentLength/)
  })

  it('that wait for 100 Continue get it, or the error at once without sending the body', async () => {
    const begin = (path: string, tamper = '') => {
      const { headers } = sign('PUT', path, { host, 'content-length': '5' }, 'UNSIGNED-PAYLOAD')
      const signed = { ...headers, authorization: headers.authorization + tamper, expect: '100-continue' }
      const request = httpRequest(`${cloud.s3Url}${path}`, { method: 'PUT', headers: signed })
      request.flushHeaders()
      return request
    }
    const good = begin('/media/waited')
    await once(good, 'continue')
    good.end('hello')
    assert.equal((await answerOf(good)).status, 200)
    assert.equal(await read('waited'), 'hello')
    const bad = begin('/media/waited', '0')
    bad.on('continue', () => assert.fail('the body was asked for'))
    assert.equal((await answerOf(bad)).status, 400)
    bad.destroy()
  })

  it('that break off leave nothing behind', async () => {
    const blobs = async () => {
      const entries = await readdir(join(cloud.dataDir, 's3', 'blobs'), {
        recursive: true,
        withFileTypes: true,
      })
      return entries.filter((entry) => entry.isFile()).length
    }
    const before = await blobs()
    const { headers } = sign(
      'PUT',
      '/media/broken',
      { host, 'content-length': '9000000' },
      'UNSIGNED-PAYLOAD',
    )
    const socket = connect(Number(new URL(cloud.s3Url).port), '127.0.0.1')
    const lines = Object.entries({ ...headers, 'content-length': '9000000' }).map(
      ([name, value]) => `${name}: ${value}`,
    )
    socket.write(`PUT /media/broken HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    await new Promise((resolve) => socket.write(randomBytes(3_000_000), resolve))
    socket.destroy()
    await once(socket, 'close')
    await assert.rejects(read('broken'), { name: 'NoSuchKey' })
    for (const end = systemClock.monotonicMs() + 5_000; (await blobs()) > before; ) {
      assert.ok(systemClock.monotonicMs() < end, 'the file of the broken upload is still there')
      await systemClock.sleep(10)
    }
  })

  it('for what is not there say so and do nothing else', async () => {
    for (const query of ['acl', 'tagging', 'policy']) {
      const { headers } = sign('PUT', `/media/x?${query}`, { host }, sha256('<x/>'))
      const answer = await send('PUT', `/media/x?${query}`, headers, '<x/>')
      assert.equal(answer.status, 501)
      assert.match(answer.body, /NotImplemented/)
    }
    const { headers } = sign('PATCH', '/media/x', { host }, sha256(''))
    assert.match((await send('PATCH', '/media/x', headers)).body, /MethodNotAllowed/)
    await assert.rejects(read('x'), { name: 'NoSuchKey' })
  })

  it('with broken XML or a document type are refused', async () => {
    const bodies = [
      '',
      '<a',
      '<Other/>',
      '<!DOCTYPE Delete [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>',
    ]
    for (const body of bodies) {
      const { headers } = sign('POST', '/media?delete', { host }, sha256(body))
      const answer = await send('POST', '/media?delete', headers, body)
      assert.match(answer.body, /MalformedXML/, body)
    }
  })
})
