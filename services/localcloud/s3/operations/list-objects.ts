import { isoTime } from '#shared/clock.ts'
import { encode } from '../../sigv4/canonical-request.ts'
import type { ListResult } from '../../store/list-keys.ts'
import { quoted } from '../object-headers.ts'
import { S3Error } from '../s3-error.ts'
import { type S3Context, type S3Response, xmlResponse } from '../s3-operation.ts'
import { writeXml, type XmlChildren } from '../xml.ts'

const MOST_KEYS = 1000

/** ListObjectsV2. The continuation token is the last key of the page before, in base 64. */
export function listObjectsV2({ request, store }: S3Context): S3Response {
  const { parameters } = request
  const token = parameters.get('continuation-token')
  const startAfter = parameters.get('start-after') ?? ''
  const { result, limit, prefix, delimiter, name } = list({ request, store }, tokenKey(token) ?? startAfter)
  return xmlResponse(
    writeXml('ListBucketResult', [
      ['Name', request.bucket],
      ['Prefix', name(prefix)],
      ['Delimiter', delimiter === '' ? undefined : name(delimiter)],
      ['StartAfter', startAfter === '' ? undefined : name(startAfter)],
      ['ContinuationToken', token],
      ['NextContinuationToken', result.next === undefined ? undefined : keyToken(result.next)],
      ['KeyCount', result.objects.length + result.commonPrefixes.length],
      ['MaxKeys', limit],
      ['IsTruncated', result.next !== undefined],
      ['EncodingType', parameters.get('encoding-type')],
      ...contents(result, name),
    ]),
  )
}

/** ListObjects, the first version: s3cmd and older clients page by `marker`. */
export function listObjects({ request, store }: S3Context): S3Response {
  const { parameters } = request
  const marker = parameters.get('marker') ?? ''
  const { result, limit, prefix, delimiter, name } = list({ request, store }, marker)
  return xmlResponse(
    writeXml('ListBucketResult', [
      ['Name', request.bucket],
      ['Prefix', name(prefix)],
      ['Marker', name(marker)],
      ['NextMarker', result.next === undefined ? undefined : name(result.next)],
      ['Delimiter', delimiter === '' ? undefined : name(delimiter)],
      ['MaxKeys', limit],
      ['IsTruncated', result.next !== undefined],
      ['EncodingType', parameters.get('encoding-type')],
      ...contents(result, name),
    ]),
  )
}

function list({ request, store }: Pick<S3Context, 'request' | 'store'>, after: string) {
  const { bucket, parameters } = request
  store.requireBucket(bucket)
  const limit = limitOf(parameters.get('max-keys'), 'max-keys')
  const prefix = parameters.get('prefix') ?? ''
  const delimiter = parameters.get('delimiter') ?? ''
  const result = store.list(bucket, { prefix, delimiter, after, limit })
  return { result, limit, prefix, delimiter, name: encodingOf(parameters) }
}

/** How names are written: as they are, or percent-encoded (slashes stay), for keys that XML cannot carry. */
export function encodingOf(parameters: ReadonlyMap<string, string>): (name: string) => string {
  const encoding = parameters.get('encoding-type')
  if (encoding === undefined) return (name) => name
  if (encoding === 'url') return (name) => encode(name).replaceAll('%2F', '/')
  throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request', {
    ArgumentName: 'encoding-type',
  })
}

/** `max-keys` and kin: more than 1,000 is 1,000. */
export function limitOf(text: string | undefined, name: string): number {
  if (text === undefined || text === '') return MOST_KEYS
  if (!/^\d{1,10}$/.test(text)) {
    throw new S3Error('InvalidArgument', `Argument ${name} must be an integer between 0 and 2147483647`, {
      ArgumentName: name,
      ArgumentValue: text,
    })
  }
  return Math.min(Number(text), MOST_KEYS)
}

function contents({ objects, commonPrefixes }: ListResult, name: (key: string) => string): XmlChildren {
  return [
    ...objects.map(
      (object) =>
        [
          'Contents',
          [
            ['Key', name(object.key)],
            ['LastModified', isoTime(object.modifiedMs)],
            ['ETag', quoted(object.etag)],
            ['Size', object.size],
            ['StorageClass', 'STANDARD'],
          ],
        ] as const,
    ),
    ...commonPrefixes.map((prefix) => ['CommonPrefixes', [['Prefix', name(prefix)]]] as const),
  ]
}

const keyToken = (key: string): string => Buffer.from(key).toString('base64url')

function tokenKey(token: string | undefined): string | undefined {
  if (token === undefined) return undefined
  const key = Buffer.from(token, 'base64url').toString('utf8')
  if (key !== '' && keyToken(key) === token) return key
  throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect', {
    ArgumentName: 'continuation-token',
  })
}
