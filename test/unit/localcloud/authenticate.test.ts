import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { parseQuery } from '../../../services/localcloud/s3/s3-request.ts'
import { authenticate } from '../../../services/localcloud/sigv4/authenticate.ts'
import { SigningKeys } from '../../../services/localcloud/sigv4/signing-key.ts'

// The examples that AWS publishes in the S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".
const credential = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const atMs = Date.UTC(2013, 4, 24)
const host = 'examplebucket.s3.amazonaws.com'

interface Example {
  readonly method?: string
  readonly path: string
  readonly headers: Record<string, string>
}

function check({ method = 'GET', path, headers }: Example, nowMs = atMs) {
  const [rawPath = '/', query = ''] = path.split('?')
  return authenticate(
    { method, rawPath, query: parseQuery(query), headers: { host, ...headers } },
    {
      service: 's3',
      credentials: [credential],
      keys: new SigningKeys(),
      nowMs,
      payloadHash: 'UNSIGNED-PAYLOAD',
    },
  )
}

function signed(signedHeaders: string, signature: string): string {
  const scope = `${credential.accessKeyId}/20130524/us-east-1/s3/aws4_request`
  return `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=${signedHeaders},Signature=${signature}`
}

const getObject = {
  path: '/test.txt',
  headers: {
    range: 'bytes=0-9',
    'x-amz-content-sha256': EMPTY,
    'x-amz-date': '20130524T000000Z',
    authorization: signed(
      'host;range;x-amz-content-sha256;x-amz-date',
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ),
  },
}
const query = (signature: string) => ({
  'x-amz-content-sha256': EMPTY,
  'x-amz-date': '20130524T000000Z',
  authorization: signed('host;x-amz-content-sha256;x-amz-date', signature),
})
const presigned = (signature: string): Example => ({
  path: `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${credential.accessKeyId}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=${signature}`,
  headers: {},
})
const PRESIGNED = 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404'

describe('checking a signature', () => {
  it("accepts AWS's example of GET with a range", () => {
    assert.equal(check(getObject).credential, credential)
  })

  it("accepts AWS's example of PUT with a Date header and a name that is escaped", () => {
    const put = {
      method: 'PUT',
      path: '/test%24file.text',
      headers: {
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-date': '20130524T000000Z',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        authorization: signed(
          'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
          '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
        ),
      },
    }
    check(put)
  })

  it("accepts AWS's examples of a query without a value and of a listing", () => {
    check({
      path: '/?lifecycle',
      headers: query('fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'),
    })
    check({
      path: '/?max-keys=2&prefix=J',
      headers: query('34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'),
    })
  })

  it("accepts AWS's example of a presigned URL until it expires", () => {
    check(presigned(PRESIGNED), atMs + 86_400_000)
    assert.throws(() => check(presigned(PRESIGNED), atMs + 86_401_000), {
      code: 'AccessDenied',
      message: /expired/,
    })
  })

  it('refuses a signature that differs in one digit', () => {
    assert.throws(() => check(presigned(PRESIGNED.replace(/4$/, '5'))), { code: 'SignatureDoesNotMatch' })
  })

  it('refuses a request that was changed after it was signed', () => {
    const changes: Example[] = [
      { ...getObject, method: 'DELETE' },
      { ...getObject, path: '/other.txt' },
      { ...getObject, path: '/test.txt?versionId=1' },
      { ...getObject, headers: { ...getObject.headers, range: 'bytes=0-10' } },
      { ...getObject, headers: { ...getObject.headers, host: 'other.example' } },
    ]
    for (const change of changes) assert.throws(() => check(change), { code: 'SignatureDoesNotMatch' })
  })

  it('refuses a header x-amz-copy-source that was added to a presigned request', () => {
    const example = { ...presigned(PRESIGNED), headers: { 'x-amz-copy-source': '/secret/key' } }
    assert.throws(() => check(example), { code: 'AccessDenied', message: /not signed/ })
  })

  it('refuses a clock that is more than 15 minutes away, on either side', () => {
    check(getObject, atMs + 14 * 60_000)
    check(getObject, atMs - 14 * 60_000)
    for (const sign of [1, -1]) {
      assert.throws(() => check(getObject, atMs + sign * 16 * 60_000), { code: 'RequestTimeTooSkewed' })
    }
  })

  it('refuses an unknown key, no signature at all, another service and an old kind of signature', () => {
    const with_ = (authorization: string) => ({
      ...getObject,
      headers: { ...getObject.headers, authorization },
    })
    const good = getObject.headers.authorization
    assert.throws(() => check(with_(good.replace('AKIA', 'BKIA'))), { code: 'InvalidAccessKeyId' })
    assert.throws(() => check({ path: '/test.txt', headers: {} }), { code: 'AccessDenied' })
    assert.throws(() => check(with_(good.replace('/s3/', '/sqs/'))), { code: 'AuthorizationHeaderMalformed' })
    assert.throws(() => check(with_('AWS AKIAIOSFODNN7EXAMPLE:abc=')), { code: 'InvalidRequest' })
  })

  it('refuses a presigned URL that is good for longer than a week', () => {
    const { path, headers } = presigned(PRESIGNED)
    const long = { path: path.replace('X-Amz-Expires=86400', 'X-Amz-Expires=604801'), headers }
    assert.throws(() => check(long), { code: 'AuthorizationQueryParametersError' })
  })
})
