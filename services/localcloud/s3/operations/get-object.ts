import type { OpenObject } from '../../store/object-store.ts'
import { type ByteRange, parseRange } from '../byte-range.ts'
import { checkReadConditions, checksumHeaders, describe } from '../object-headers.ts'
import { S3Error } from '../s3-error.ts'
import type { S3Context, S3Response } from '../s3-operation.ts'
import { partNumberOf } from './part-number.ts'

/** Query parameters that replace headers of the answer; presigned downloads name their file so. */
const overridable = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]

/** GetObject and HeadObject, which differs only in that the bytes are not sent. */
export async function getObject({ request, store }: S3Context): Promise<S3Response> {
  const { bucket, key, headers, parameters } = request
  store.requireBucket(bucket)
  const open = store.openObject(bucket, key)
  if (!open) throw new S3Error('NoSuchKey', undefined, { Key: key })
  try {
    const { object } = open
    checkReadConditions(object, (name) => headers[name] as string | undefined)
    const part = parameters.has('partNumber') ? rangeOfPart(open, partNumberOf(parameters)) : undefined
    const range = part ?? parseRange(headers.range, object.size)
    const { start, end } = range ?? { start: 0, end: object.size - 1 }
    const answer: Record<string, string> = { ...describe(object), 'content-length': String(end - start + 1) }
    for (const name of overridable) {
      const value = parameters.get(`response-${name}`)
      if (value !== undefined) answer[name] = value
    }
    if (range) answer['content-range'] = `bytes ${start}-${end}/${object.size}`
    else if (headers['x-amz-checksum-mode'] === 'ENABLED') Object.assign(answer, checksumHeaders(object))
    if (part) answer['x-amz-mp-parts-count'] = String(open.pieces.length)
    const status = range ? 206 : 200
    if (request.method === 'HEAD') {
      await open.close()
      return { status, headers: answer }
    }
    return { status, headers: answer, body: { stream: open.read(start, end), close: open.close } }
  } catch (error) {
    await open.close()
    if (!(error instanceof S3Error) || error.code !== 'NotModified') throw error
    const { 'content-type': _, ...validators } = describe(open.object)
    return { status: 304, headers: validators }
  }
}

function rangeOfPart({ pieces }: OpenObject, number: number): ByteRange | undefined {
  let start = 0
  for (const [index, piece] of pieces.entries()) {
    if (index + 1 === number) return { start, end: start + piece.size - 1 }
    start += piece.size
  }
  throw new S3Error('InvalidRange', 'The requested partnumber is not satisfiable', {
    PartNumberRequested: String(number),
    ActualPartCount: String(pieces.length),
  })
}
