import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { decodeAwsChunked } from '../../../services/localcloud/s3/aws-chunked.ts'
import { ChunkSignatures } from '../../../services/localcloud/sigv4/chunk-signatures.ts'
import { SigningKeys } from '../../../services/localcloud/sigv4/signing-key.ts'

// AWS's example of an upload in signed chunks: 66,560 times 'a', in chunks of 64 KiB.
const seed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'
const chunkSignatures = [
  'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
  '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
  'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
]

function signatures(): ChunkSignatures {
  const credential = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  }
  const scope = { accessKeyId: credential.accessKeyId, date: '20130524', region: 'us-east-1', service: 's3' }
  return new ChunkSignatures({
    credential,
    scope,
    payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    signature: seed,
    signingKey: new SigningKeys().keyFor(credential.secretAccessKey, scope),
    timestamp: '20130524T000000Z',
  })
}

function awsExample(letter = 'a'): Buffer {
  const chunk = (size: number, signature = '') =>
    `${size.toString(16)};chunk-signature=${signature}\r\n${letter.repeat(size)}\r\n`
  return Buffer.from(
    chunk(65_536, chunkSignatures[0]) + chunk(1024, chunkSignatures[1]) + chunk(0, chunkSignatures[2]),
  )
}

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
}

async function decode(bytes: Buffer, size: number, signed?: ChunkSignatures) {
  const trailers = new Map<string, string>()
  const chunks = await Array.fromAsync(decodeAwsChunked(cut(bytes, size), { signatures: signed, trailers }))
  return { body: Buffer.concat(chunks).toString(), trailers }
}

describe('aws-chunked bodies', () => {
  it("decodes AWS's example of signed chunks, wherever the network cuts it", async () => {
    for (const size of [1000, 65_536, 1_000_000]) {
      assert.equal((await decode(awsExample(), size, signatures())).body, 'a'.repeat(66_560))
    }
  })

  it('refuses a changed byte, a missing signature and a chunk that was taken out', async () => {
    await assert.rejects(decode(awsExample('b'), 999, signatures()), { code: 'SignatureDoesNotMatch' })
    const plain = Buffer.from('1\r\na\r\n0\r\n\r\n')
    await assert.rejects(decode(plain, 999, signatures()), { code: 'SignatureDoesNotMatch' })
    const example = awsExample().toString()
    const without = Buffer.from(
      example.slice(0, example.indexOf('400;')) + example.slice(example.indexOf('0;chunk-signature=b6')),
    )
    await assert.rejects(decode(without, 999, signatures()), { code: 'SignatureDoesNotMatch' })
  })

  it('gives the trailing headers, cut anywhere', async () => {
    const bytes = Buffer.from('3\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n')
    for (let size = 1; size <= bytes.length; size++) {
      const { body, trailers } = await decode(bytes, size)
      assert.equal(body, 'abcde')
      assert.deepEqual([...trailers], [['x-amz-checksum-crc32', 'AAAAAA==']])
    }
  })

  it('refuses a body that ends early, lies about a size or has an endless line', async () => {
    for (const text of [
      '',
      '5\r\nab',
      '2\r\nabcd\r\n0\r\n\r\n',
      'zz\r\n',
      '2\r\nab\r\n',
      'a'.repeat(20_000),
    ]) {
      await assert.rejects(
        decode(Buffer.from(text), 7),
        { code: 'IncompleteBody' },
        JSON.stringify(text.slice(0, 20)),
      )
    }
  })
})
