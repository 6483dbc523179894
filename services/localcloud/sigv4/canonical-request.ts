import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** The parts of a request that a signature covers, as they came over the wire. */
export interface SignedRequest {
  readonly method: string
  /** The path still percent-encoded, without the query. */
  readonly rawPath: string
  /** Decoded pairs in their order. */
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly headers: IncomingHttpHeaders
}

/**
 * The canonical request of Signature Version 4, hashed in hex. For S3 the path is encoded once and not normalised
 * (the keys `a//b` and `a/../b` are keys). Source: "Create a signed AWS API request", AWS IAM User Guide.
 */
export function hashCanonicalRequest(
  request: SignedRequest,
  canonicalPath: string,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  const query = request.query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  const headers = signedHeaders.map((name) => `${name}:${canonicalValue(request.headers[name])}\n`).join('')
  const text = [request.method, canonicalPath, query, headers, signedHeaders.join(';'), payloadHash].join(
    '\n',
  )
  return hash('sha256', text)
}

/**
 * How the path may have been signed: in AWS's canonical encoding, or exactly as sent (clients that encode a slash
 * or other characters in their own way sign what they send).
 */
export function canonicalPaths(rawPath: string): string[] {
  const normal = decodeURIComponent(rawPath).split('/').map(encode).join('/')
  return normal === rawPath ? [normal] : [normal, rawPath]
}

/** AWS's UriEncode: everything but A-Z a-z 0-9 - . _ ~ is escaped. */
export const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

function canonicalValue(value: string | string[] | undefined): string {
  const text = (Array.isArray(value) ? value.join(',') : (value ?? '')).trim().replace(/ +/g, ' ')
  // Node reads headers as Latin-1; what was signed are the bytes that were sent.
  return /[^\x20-\x7e]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
