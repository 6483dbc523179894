import { isoTime } from '#shared/clock.ts'
import { keptHeaders, quoted, writeCondition } from '../object-headers.ts'
import { S3Error } from '../s3-error.ts'
import { type S3Context, type S3Response, xmlResponse } from '../s3-operation.ts'
import { writeXml } from '../xml.ts'
import { openCopySource } from './copy-source.ts'

/** CopyObject: no bytes are moved. The copy keeps its source's ETag, that of a multipart upload included. */
export async function copyObject(context: S3Context): Promise<S3Response> {
  const { request, store, clock } = context
  const { bucket, key, headers } = request
  const replace = headers['x-amz-metadata-directive'] === 'REPLACE'
  const condition = writeCondition(headers)
  store.requireBucket(bucket)
  const source = openCopySource(context)
  try {
    if (source.bucket === bucket && source.key === key && !replace) {
      throw new S3Error(
        'InvalidRequest',
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.",
      )
    }
    const { etag, size, checksum } = source.object
    const nowMs = clock.now()
    await store.write({
      kind: 'put-object',
      bucket,
      key,
      etag,
      size,
      nowMs,
      headers: replace ? keptHeaders(headers) : source.object.headers,
      checksum,
      content: await store.duplicate(source),
      condition,
    })
    return xmlResponse(
      writeXml('CopyObjectResult', [
        ['LastModified', isoTime(nowMs)],
        ['ETag', quoted(etag)],
      ]),
    )
  } finally {
    await source.close()
  }
}
