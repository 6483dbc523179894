import { createHash } from 'node:crypto'
import { isoTime } from '#shared/clock.ts'
import { hashed } from '#shared/hashed.ts'
import { parseRange } from '../byte-range.ts'
import { quoted } from '../object-headers.ts'
import { S3Error } from '../s3-error.ts'
import { type S3Context, type S3Response, xmlResponse } from '../s3-operation.ts'
import { writeXml } from '../xml.ts'
import { openCopySource } from './copy-source.ts'
import { partNumberOf } from './part-number.ts'

/** UploadPartCopy: a part from the bytes of an object, or a range of them. */
export async function uploadPartCopy(context: S3Context): Promise<S3Response> {
  const { request, store, clock } = context
  const { bucket, key, headers, parameters } = request
  const uploadId = parameters.get('uploadId') ?? ''
  const number = partNumberOf(parameters)
  store.upload(bucket, key, uploadId)
  const source = openCopySource(context)
  try {
    const header = headers['x-amz-copy-source-range'] as string | undefined
    const range = parseRange(header, source.object.size)
    if (header !== undefined && !range) {
      throw new S3Error(
        'InvalidArgument',
        'The x-amz-copy-source-range value must be of the form bytes=first-last',
      )
    }
    const { start, end } = range ?? { start: 0, end: source.object.size - 1 }
    const md5 = createHash('md5')
    const { content, size } = await store.take(hashed(source.read(start, end), md5))
    const etag = md5.digest('hex')
    const nowMs = clock.now()
    const piece = { number, etag, size, checksum: undefined, content }
    await store.write({ kind: 'put-part', bucket, key, uploadId, nowMs, piece })
    return xmlResponse(
      writeXml('CopyPartResult', [
        ['LastModified', isoTime(nowMs)],
        ['ETag', quoted(etag)],
      ]),
    )
  } finally {
    await source.close()
  }
}
