import type { IncomingMessage } from 'node:http'
import type { SignedRequest } from '../sigv4/canonical-request.ts'
import { S3Error } from './s3-error.ts'

const MOST_KEY_BYTES = 1024

/** A request taken apart, before anything of it is believed. Path style only: `/bucket/key`. */
export interface S3Request extends SignedRequest {
  /** `''` for the service itself. */
  readonly bucket: string
  /** `''` for the bucket itself. */
  readonly key: string
  /** The first value of each query parameter; present without a value is `''`. */
  readonly parameters: ReadonlyMap<string, string>
}

/** Throws `InvalidURI` or `KeyTooLongError`. */
export function parseS3Request(message: IncomingMessage): S3Request {
  const url = message.url ?? '/'
  const question = url.indexOf('?')
  const rawPath = question === -1 ? url : url.slice(0, question)
  const query = parseQuery(question === -1 ? '' : url.slice(question + 1))
  const slash = rawPath.indexOf('/', 1)
  const bucket = decode(rawPath.slice(1, slash === -1 ? undefined : slash))
  const key = slash === -1 ? '' : decode(rawPath.slice(slash + 1))
  if (Buffer.byteLength(key) > MOST_KEY_BYTES) {
    throw new S3Error('KeyTooLongError', undefined, { MaxSizeAllowed: String(MOST_KEY_BYTES) })
  }
  const parameters = new Map(query.toReversed())
  return {
    method: message.method ?? 'GET',
    rawPath,
    query,
    headers: message.headers,
    bucket,
    key,
    parameters,
  }
}

/**
 * A presigned request with the headers that its signer moved into the query (`x-amz-meta-...`, `x-amz-checksum-...`)
 * back in their place, as S3 reads it. They are signed there.
 */
export function withHoistedHeaders(request: S3Request): S3Request {
  if (!request.parameters.has('X-Amz-Signature')) return request
  const hoisted = [...request.parameters].filter(([name]) => /^x-amz-/i.test(name) && !ofSignature.test(name))
  if (hoisted.length === 0) return request
  const headers = Object.fromEntries(hoisted.map(([name, value]) => [name.toLowerCase(), value]))
  return { ...request, headers: { ...headers, ...request.headers } }
}

const ofSignature =
  /^x-amz-(algorithm|content-sha256|credential|date|expires|security-token|signature|signedheaders)$/i

export function parseQuery(text: string): (readonly [string, string])[] {
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=')
      const [name, value] = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
      return [decode(name.replaceAll('+', ' ')), decode(value.replaceAll('+', ' '))] as const
    })
}

/** Strict: text that is no UTF-8 cannot be a key, and SQLite would order it differently from what is shown. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new S3Error('InvalidURI', `Couldn't parse the specified URI: ${(cause as Error).message}.`)
  }
}
