import type { IncomingHttpHeaders } from 'node:http'
import { S3Error } from './s3-error.ts'
import type { S3Response } from './s3-operation.ts'

/** What a page in a browser may read of an answer. Without ETag no multipart upload can be completed from there. */
const exposed = [
  'ETag',
  'Content-Length',
  'Content-Range',
  'Accept-Ranges',
  'x-amz-request-id',
  'x-amz-id-2',
  'x-amz-checksum-crc32',
  'x-amz-checksum-crc32c',
  'x-amz-checksum-crc64nvme',
  'x-amz-checksum-sha1',
  'x-amz-checksum-sha256',
].join(', ')

/**
 * CORS headers for an answer to a page of `origin`. No cookies are involved: what a request may do hangs on its
 * signature alone, so any origin may be allowed.
 */
export function corsHeaders(origin: string | undefined, allowed: readonly string[]): Record<string, string> {
  if (origin === undefined || !isAllowed(origin, allowed)) return {}
  return {
    'access-control-allow-origin': allowed.includes('*') ? '*' : origin,
    'access-control-expose-headers': exposed,
    vary: 'Origin',
  }
}

/** The answer to a browser that asks whether it may. Such a question is never signed. */
export function preflight(headers: IncomingHttpHeaders, allowed: readonly string[]): S3Response {
  const method = headers['access-control-request-method']
  if (headers.origin === undefined || method === undefined || !isAllowed(headers.origin, allowed)) {
    throw new S3Error('AccessDenied', 'CORSResponse: This CORS request is not allowed.')
  }
  return {
    status: 200,
    headers: {
      'access-control-allow-methods': 'GET, HEAD, PUT, POST, DELETE',
      'access-control-allow-headers': headers['access-control-request-headers'] ?? '*',
      'access-control-max-age': '3600',
      'content-length': '0',
    },
  }
}

const isAllowed = (origin: string, allowed: readonly string[]): boolean =>
  allowed.includes('*') || allowed.includes(origin)
