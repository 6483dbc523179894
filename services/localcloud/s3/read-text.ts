import { receiveBody } from './receive-body.ts'
import { S3Error } from './s3-error.ts'
import type { S3Context } from './s3-operation.ts'

/** Enough for 10,000 parts with two checksums each, or 1,000 keys of 1,024 escaped bytes. */
const MOST_DOCUMENT_BYTES = 8 * 1024 ** 2

/** The body of a request that is a document, its hashes and checksums verified. */
export async function readText({ request, identity, body }: S3Context): Promise<string> {
  // A checksum of CompleteMultipartUpload is that of the object, not of this document.
  const headers = request.parameters.has('uploadId') ? withoutChecksums(request.headers) : request.headers
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of receiveBody(body(), headers, identity).chunks) {
    bytes += chunk.length
    if (bytes > MOST_DOCUMENT_BYTES) throw new S3Error('EntityTooLarge')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const withoutChecksums = (headers: S3Context['request']['headers']) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-amz-checksum-')))
