import type { IncomingHttpHeaders } from 'node:http'
import {
  type ChecksumAlgorithm,
  checksumAlgorithms,
  createDigest,
  digestBytes,
  isChecksumAlgorithm,
} from '../checksums/digest.ts'
import type { Identity } from '../sigv4/authenticate.ts'
import { ChunkSignatures } from '../sigv4/chunk-signatures.ts'
import type { Checksum } from '../store/write-operation.ts'
import { decodeAwsChunked } from './aws-chunked.ts'
import { S3Error } from './s3-error.ts'

/** S3's limit of one PUT. */
const MOST_BYTES = 5 * 1024 ** 3

export interface ReceivedBody {
  /** The content, decoded. Fails at its end when a length, hash, checksum or signature is not what it should be. */
  readonly chunks: AsyncIterable<Buffer>
  /** What was computed on the way; only after the last chunk. */
  result(): { readonly md5: string; readonly checksum: Checksum | undefined }
}

/**
 * The body of an upload with every promise that its headers make about it. Throws `S3Error` at once for headers
 * that make no sense. `algorithm` is a checksum to compute when the client sends none.
 */
export function receiveBody(
  source: AsyncIterable<Buffer>,
  headers: IncomingHttpHeaders,
  identity: Identity,
  algorithm?: ChecksumAlgorithm,
): ReceivedBody {
  const { payloadHash } = identity
  const encoded = payloadHash.startsWith('STREAMING-')
  const length = lengthOf(headers, encoded)
  const contentMd5 = contentMd5Of(headers)
  const promised = checksumHeader(headers)
  const trailing = trailingAlgorithm(headers, encoded)
  const chosen = promised?.algorithm ?? trailing ?? algorithm
  const trailers = new Map<string, string>()
  const md5 = createDigest('md5')
  const sha256 = /^[0-9a-f]{64}$/.test(payloadHash) ? createDigest('sha256') : undefined
  const digest = chosen === undefined ? undefined : createDigest(chosen)
  let result: ReturnType<ReceivedBody['result']> | undefined

  const signatures = payloadHash.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')
    ? new ChunkSignatures(identity)
    : undefined
  if (!encoded && !sha256 && payloadHash !== 'UNSIGNED-PAYLOAD') {
    throw new S3Error(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING- word or a hash.',
    )
  }

  async function* chunks(): AsyncGenerator<Buffer> {
    let received = 0
    for await (const chunk of encoded ? decodeAwsChunked(source, { signatures, trailers }) : source) {
      received += chunk.length
      if (received > length) throw new S3Error('IncompleteBody')
      md5.update(chunk)
      sha256?.update(chunk)
      digest?.update(chunk)
      yield chunk
    }
    if (received !== length) throw new S3Error('IncompleteBody')
    const md5Bytes = md5.digest()
    if (contentMd5 && !md5Bytes.equals(contentMd5)) throw new S3Error('BadDigest')
    if (sha256 && sha256.digest().toString('hex') !== payloadHash)
      throw new S3Error('XAmzContentSHA256Mismatch')
    const value = digest?.digest().toString('base64')
    const wanted = promised?.value ?? (trailing && trailers.get(`x-amz-checksum-${trailing}`))
    if (trailing && wanted === undefined) {
      throw new S3Error('InvalidRequest', 'The trailing checksum that x-amz-trailer announces did not come.')
    }
    if (wanted !== undefined && wanted !== value) {
      throw new S3Error('BadDigest', `The ${chosen} you specified did not match the calculated checksum.`)
    }
    const checksum: Checksum | undefined =
      chosen === undefined || value === undefined
        ? undefined
        : { algorithm: chosen, value, type: 'FULL_OBJECT' }
    result = { md5: md5Bytes.toString('hex'), checksum }
  }
  return {
    chunks: chunks(),
    result() {
      if (!result) throw new Error('the body has not been read to its end')
      return result
    },
  }
}

function lengthOf(headers: IncomingHttpHeaders, encoded: boolean): number {
  const text = encoded ? String(headers['x-amz-decoded-content-length'] ?? '') : headers['content-length']
  if (text === undefined || text === '') throw new S3Error('MissingContentLength')
  if (!/^\d{1,15}$/.test(text))
    throw new S3Error('InvalidArgument', 'The length of the content is not a number.')
  const length = Number(text)
  if (length > MOST_BYTES) {
    throw new S3Error('EntityTooLarge', undefined, { MaxSizeAllowed: String(MOST_BYTES) })
  }
  return length
}

function contentMd5Of(headers: IncomingHttpHeaders): Buffer | undefined {
  const text = headers['content-md5']
  if (text === undefined) return undefined
  const bytes = Buffer.from(String(text), 'base64')
  if (bytes.length !== 16) throw new S3Error('InvalidDigest')
  return bytes
}

/** `x-amz-checksum-<algorithm>`, of which there may be one. */
export function checksumHeader(
  headers: IncomingHttpHeaders,
): { algorithm: ChecksumAlgorithm; value: string } | undefined {
  const given = checksumAlgorithms.filter((name) => headers[`x-amz-checksum-${name}`] !== undefined)
  const [algorithm] = given
  if (algorithm === undefined) return undefined
  const value = String(headers[`x-amz-checksum-${algorithm}`])
  if (given.length > 1) throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header.')
  if (Buffer.from(value.replace(/-\d+$/, ''), 'base64').length !== digestBytes[algorithm]) {
    throw new S3Error('InvalidRequest', `Value for x-amz-checksum-${algorithm} header is invalid.`)
  }
  return { algorithm, value }
}

function trailingAlgorithm(headers: IncomingHttpHeaders, encoded: boolean): ChecksumAlgorithm | undefined {
  const name = headers['x-amz-trailer']
  if (name === undefined || !encoded) return undefined
  const algorithm = /^x-amz-checksum-(.+)$/.exec(String(name).trim().toLowerCase())?.[1]
  if (algorithm === undefined || !isChecksumAlgorithm(algorithm)) {
    throw new S3Error('InvalidRequest', 'The value specified in the x-amz-trailer header is not supported')
  }
  return algorithm
}
