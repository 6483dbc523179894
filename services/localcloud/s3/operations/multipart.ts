import { randomBytes } from 'node:crypto'
import { canCombine } from '../../checksums/combine-crcs.ts'
import { isChecksumAlgorithm } from '../../checksums/digest.ts'
import { bareEtag, checksumHeaders, keptHeaders, quoted, writeCondition } from '../object-headers.ts'
import { readText } from '../read-text.ts'
import { checksumHeader, receiveBody } from '../receive-body.ts'
import { S3Error } from '../s3-error.ts'
import { type S3Context, type S3Response, xmlResponse } from '../s3-operation.ts'
import { childrenOf, readXml, textOf, writeXml } from '../xml.ts'
import { partNumberOf } from './part-number.ts'

/** CreateMultipartUpload. */
export async function createMultipartUpload({ request, store, clock }: S3Context): Promise<S3Response> {
  const { bucket, key, headers } = request
  const uploadId = randomBytes(24).toString('base64url')
  const checksum = checksumOf(headers)
  await store.write({
    kind: 'begin-upload',
    bucket,
    key,
    uploadId,
    nowMs: clock.now(),
    headers: keptHeaders(headers),
    checksum,
  })
  return xmlResponse(
    writeXml('InitiateMultipartUploadResult', [
      ['Bucket', bucket],
      ['Key', key],
      ['UploadId', uploadId],
    ]),
    checksum
      ? {
          'x-amz-checksum-algorithm': checksum.algorithm.toUpperCase(),
          'x-amz-checksum-type': checksum.type,
        }
      : {},
  )
}

/** UploadPart: replaces what was there under its number. */
export async function uploadPart({ request, identity, store, clock, body }: S3Context): Promise<S3Response> {
  const { bucket, key, headers, parameters } = request
  const uploadId = parameters.get('uploadId') ?? ''
  const number = partNumberOf(parameters)
  const begun = store.upload(bucket, key, uploadId).checksum?.algorithm
  const algorithm = begun !== undefined && isChecksumAlgorithm(begun) ? begun : undefined
  const received = receiveBody(body(), headers, identity, algorithm)
  const { content, size } = await store.take(received.chunks)
  const { md5, checksum } = received.result()
  const piece = { number, etag: md5, size, checksum, content }
  await store.write({ kind: 'put-part', bucket, key, uploadId, nowMs: clock.now(), piece })
  return { status: 200, headers: { etag: quoted(md5), ...checksumHeaders({ checksum }) } }
}

/** CompleteMultipartUpload: the object is there from one moment to the next, or refused and nothing has changed. */
export async function completeMultipartUpload(context: S3Context): Promise<S3Response> {
  const { request, store, clock } = context
  const { bucket, key, headers, parameters } = request
  const uploadId = parameters.get('uploadId') ?? ''
  const condition = writeCondition(headers)
  store.upload(bucket, key, uploadId)
  const document = readXml(await readText(context), 'CompleteMultipartUpload')
  const parts = childrenOf(document, 'Part').map((part) => {
    const number = Number(textOf(part, 'PartNumber') ?? Number.NaN)
    const etag = textOf(part, 'ETag')
    if (!Number.isInteger(number) || etag === undefined) throw new S3Error('MalformedXML')
    const checksum = part.children.find((child) => child.name.startsWith('Checksum'))?.text
    return { number, etag: bareEtag(etag), checksum }
  })
  if (parts.length === 0) throw new S3Error('MalformedXML', 'You must specify at least one part')
  const size = headers['x-amz-mp-object-size']
  const result = await store.write({
    kind: 'complete-upload',
    bucket,
    key,
    uploadId,
    nowMs: clock.now(),
    parts,
    condition,
    expected: {
      size: size === undefined ? undefined : Number(size),
      checksum: checksumHeader(headers)?.value,
    },
  })
  const { checksum } = result
  return xmlResponse(
    writeXml('CompleteMultipartUploadResult', [
      ['Location', `http://${headers.host ?? 'localhost'}${request.rawPath}`],
      ['Bucket', bucket],
      ['Key', key],
      ['ETag', quoted(result.etag ?? '')],
      ...(checksum
        ? ([
            [`Checksum${checksum.algorithm.toUpperCase()}`, checksum.value],
            ['ChecksumType', checksum.type],
          ] as const)
        : []),
    ]),
  )
}

/** AbortMultipartUpload: its parts are freed. */
export async function abortMultipartUpload({ request, store }: S3Context): Promise<S3Response> {
  const { bucket, key, parameters } = request
  await store.write({ kind: 'abort-upload', bucket, key, uploadId: parameters.get('uploadId') ?? '' })
  return { status: 204 }
}

/** The algorithm that the upload's checksums use, and whether the object's is one of its parts' or of its bytes. */
function checksumOf(headers: S3Context['request']['headers']) {
  const name = headers['x-amz-checksum-algorithm']
  if (name === undefined) return undefined
  const algorithm = String(name).toLowerCase()
  if (!isChecksumAlgorithm(algorithm)) {
    throw new S3Error('InvalidRequest', 'Checksum algorithm provided is unsupported.')
  }
  const type = headers['x-amz-checksum-type'] ?? (algorithm === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE')
  if (type !== 'COMPOSITE' && type !== 'FULL_OBJECT') {
    throw new S3Error('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.')
  }
  const fits = type === 'FULL_OBJECT' ? canCombine(algorithm) : algorithm !== 'crc64nvme'
  if (!fits) {
    throw new S3Error(
      'InvalidRequest',
      `The ${type} checksum type cannot be used with the ${algorithm} algorithm.`,
    )
  }
  return { algorithm, type } as const
}
