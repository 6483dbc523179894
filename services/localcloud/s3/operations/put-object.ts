import { newOwner } from '../../store/object-store.ts'
import { checksumHeaders, keptHeaders, quoted, writeCondition } from '../object-headers.ts'
import { receiveBody } from '../receive-body.ts'
import type { S3Context, S3Response } from '../s3-operation.ts'

/** PutObject: the object is there, whole and flushed, or nothing has changed. */
export async function putObject({ request, identity, store, clock, body }: S3Context): Promise<S3Response> {
  const { bucket, key, headers } = request
  const kept = keptHeaders(headers)
  const condition = writeCondition(headers)
  store.requireBucket(bucket)
  const received = receiveBody(body(), headers, identity)
  const { content, size } = await store.take(received.chunks)
  const { md5, checksum } = received.result()
  const piece = { number: 1, etag: md5, size, checksum: undefined }
  await store.write({
    kind: 'put-object',
    bucket,
    key,
    etag: md5,
    size,
    nowMs: clock.now(),
    headers: kept,
    checksum,
    content: 'body' in content ? content : { owner: newOwner(), pieces: [{ ...piece, content }] },
    condition,
  })
  return { status: 200, headers: { etag: quoted(md5), ...checksumHeaders({ checksum }) } }
}
