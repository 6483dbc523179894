import type { IncomingHttpHeaders } from 'node:http'
import type { StoredObject } from '../store/read-statements.ts'
import type { KeptHeaders, WriteCondition } from '../store/write-operation.ts'
import { S3Error } from './s3-error.ts'

/** Kept with the object and given back as they came, besides `x-amz-meta-*`. */
const keptNames = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'x-amz-website-redirect-location',
]
const MOST_METADATA_BYTES = 2 * 1024

/** What of a request's headers is kept with the object. Throws `MetadataTooLarge`. */
export function keptHeaders(headers: IncomingHttpHeaders): KeptHeaders {
  const kept: Record<string, string> = {}
  let metadataBytes = 0
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    const text = String(value)
    if (name.startsWith('x-amz-meta-')) {
      metadataBytes += name.length - 'x-amz-meta-'.length + Buffer.byteLength(text, 'latin1')
      kept[name] = text
    } else if (keptNames.includes(name)) kept[name] = text
  }
  if (metadataBytes > MOST_METADATA_BYTES) {
    throw new S3Error('MetadataTooLarge', undefined, { MaxSizeAllowed: String(MOST_METADATA_BYTES) })
  }
  kept['content-type'] ??= 'binary/octet-stream'
  // aws-chunked is how the bytes travelled, not what they are.
  const encoding = kept['content-encoding']
    ?.split(',')
    .map((item) => item.trim())
    .filter((item) => item !== 'aws-chunked' && item !== '')
    .join(',')
  if (encoding) kept['content-encoding'] = encoding
  else delete kept['content-encoding']
  return kept
}

/** If-Match and If-None-Match of a write. S3 knows only `*` for the latter. */
export function writeCondition(headers: IncomingHttpHeaders): WriteCondition {
  const ifMatch = headers['if-match']
  const ifNoneMatch = headers['if-none-match']
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw new S3Error('NotImplemented', 'If-None-Match of a write must be *.', { Header: 'If-None-Match' })
  }
  return {
    ...(ifMatch === undefined ? {} : { ifMatch: bareEtag(ifMatch) }),
    ...(ifNoneMatch === '*' ? { ifNoneMatch: '*' as const } : {}),
  }
}

/** ETags travel in quotes, which some clients forget. */
export const bareEtag = (etag: string): string => etag.trim().replace(/^(W\/)?"(.*)"$/, '$2')

export const quoted = (etag: string): string => `"${etag}"`

/** The headers that describe an object, for GET and HEAD. */
export function describe(object: StoredObject): Record<string, string> {
  return {
    ...object.headers,
    etag: quoted(object.etag),
    'last-modified': new Date(object.modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
  }
}

/** `x-amz-checksum-...` of a whole object. */
export const checksumHeaders = (object: Pick<StoredObject, 'checksum'>): Record<string, string> =>
  object.checksum
    ? {
        [`x-amz-checksum-${object.checksum.algorithm}`]: object.checksum.value,
        'x-amz-checksum-type': object.checksum.type,
      }
    : {}

/**
 * Whether a read may go ahead: `PreconditionFailed` or `NotModified` are thrown. Precedence as RFC 9110, section
 * 13.2.2: an ETag condition makes the date of the same kind irrelevant.
 */
export function checkReadConditions(
  object: StoredObject,
  condition: (name: string) => string | undefined,
): void {
  const modifiedSec = Math.floor(object.modifiedMs / 1000)
  const ifMatch = condition('if-match')
  const ifNoneMatch = condition('if-none-match')
  const unmodifiedSince = secondsOf(condition('if-unmodified-since'))
  const modifiedSince = secondsOf(condition('if-modified-since'))
  if (ifMatch !== undefined) {
    if (!names(ifMatch, object.etag))
      throw new S3Error('PreconditionFailed', undefined, { Condition: 'If-Match' })
  } else if (unmodifiedSince !== undefined && modifiedSec > unmodifiedSince) {
    throw new S3Error('PreconditionFailed', undefined, { Condition: 'If-Unmodified-Since' })
  }
  const unchanged =
    ifNoneMatch === undefined
      ? modifiedSince !== undefined && modifiedSec <= modifiedSince
      : names(ifNoneMatch, object.etag)
  if (unchanged) throw new S3Error('NotModified')
}

const names = (list: string, etag: string): boolean =>
  list.split(',').some((item) => item.trim() === '*' || bareEtag(item) === etag)

function secondsOf(date: string | undefined): number | undefined {
  const ms = Date.parse(date ?? '')
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000)
}
