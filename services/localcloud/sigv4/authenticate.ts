import { type KeyObject, timingSafeEqual } from 'node:crypto'
import { S3Error } from '../s3/s3-error.ts'
import { canonicalPaths, hashCanonicalRequest, type SignedRequest } from './canonical-request.ts'
import { type CredentialScope, hmac, type SigningKeys, scopeText } from './signing-key.ts'

/** A key pair that the local cloud accepts. It opens every bucket, unless it is limited. */
export interface LocalCredential {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly onlyBuckets?: readonly string[]
  readonly exceptBuckets?: readonly string[]
}

/** Whether the holder of a key pair may use `bucket`. */
export const mayUse = (credential: LocalCredential, bucket: string): boolean =>
  (credential.onlyBuckets?.includes(bucket) ?? true) && !credential.exceptBuckets?.includes(bucket)

/** A request whose signature is good. What signed chunks need to be checked comes with it. */
export interface Identity {
  readonly credential: LocalCredential
  /** x-amz-content-sha256: a hash in hex, or one of S3's words such as UNSIGNED-PAYLOAD. */
  readonly payloadHash: string
  readonly signature: string
  readonly signingKey: KeyObject
  readonly scope: CredentialScope
  /** `20130524T000000Z` */
  readonly timestamp: string
}

export interface AuthenticateOptions {
  readonly service: 's3' | 'sqs'
  readonly credentials: readonly LocalCredential[]
  readonly keys: SigningKeys
  readonly nowMs: number
  /** What stands for the payload when the request has no x-amz-content-sha256. */
  readonly payloadHash: string
}

/** AWS's tolerance between the clocks of client and server. */
const MOST_SKEW_MS = 15 * 60_000
const MOST_EXPIRES_SEC = 7 * 24 * 3600

interface Claim {
  readonly scope: CredentialScope
  readonly timestamp: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly payloadHash: string
  /** Seconds that a presigned URL is good for. */
  readonly expiresSec: number | undefined
}

/**
 * Checks Signature Version 4 in the Authorization header or the query (presigned). Throws `S3Error` as S3 would.
 * Any region is accepted: there is only this one machine.
 */
export function authenticate(request: SignedRequest, options: AuthenticateOptions): Identity {
  const claim = claimOf(request, options.payloadHash)
  if (claim.scope.service !== options.service) {
    throw new S3Error('AuthorizationHeaderMalformed', `The credential must be scoped to ${options.service}.`)
  }
  const credential = options.credentials.find((known) => known.accessKeyId === claim.scope.accessKeyId)
  if (!credential) {
    throw new S3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: claim.scope.accessKeyId })
  }
  checkTime(claim, options.nowMs)
  checkSignedHeaders(request, claim)
  const signingKey = options.keys.keyFor(credential.secretAccessKey, claim.scope)
  const good = canonicalPaths(request.rawPath).some((path) => {
    const hash = hashCanonicalRequest(request, path, claim.signedHeaders, claim.payloadHash)
    const text = `AWS4-HMAC-SHA256\n${claim.timestamp}\n${scopeText(claim.scope)}\n${hash}`
    return sameSignature(hmac(signingKey, text), claim.signature)
  })
  if (!good) {
    throw new S3Error('SignatureDoesNotMatch', undefined, { AWSAccessKeyId: claim.scope.accessKeyId })
  }
  const { payloadHash, signature, scope, timestamp } = claim
  return { credential, payloadHash, signature, signingKey, scope, timestamp }
}

/** Compares in constant time, so that the answer's delay says nothing about how much of a guess was right. */
export function sameSignature(expected: Buffer, given: string): boolean {
  const bytes = Buffer.from(given, 'hex')
  return bytes.length === expected.length && timingSafeEqual(bytes, expected)
}

function claimOf(request: SignedRequest, payloadHash: string): Claim {
  const query = new Map(request.query)
  const authorization = request.headers.authorization
  if (query.has('X-Amz-Algorithm') || query.has('X-Amz-Signature')) {
    if (authorization !== undefined) {
      throw new S3Error(
        'InvalidArgument',
        'Only one auth mechanism allowed: a header or the query, not both.',
      )
    }
    return presignedClaim(request, query)
  }
  // What boto3, the AWS CLI before version 2 and s3cmd presign with unless they are told otherwise.
  if (query.has('AWSAccessKeyId') && query.has('Signature')) throw notSupported()
  if (authorization === undefined) throw new S3Error('AccessDenied')
  const parts =
    /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]{64})$/.exec(
      authorization,
    )
  if (!parts) {
    if (authorization.startsWith('AWS4-HMAC-SHA256')) throw new S3Error('AuthorizationHeaderMalformed')
    throw notSupported()
  }
  const [, credential = '', signedHeaders = '', signature = ''] = parts
  return {
    scope: scopeOf(credential, 'AuthorizationHeaderMalformed'),
    timestamp: String(request.headers['x-amz-date'] ?? httpDate(request.headers.date)),
    signedHeaders: signedHeaders.split(';'),
    signature,
    payloadHash: String(request.headers['x-amz-content-sha256'] ?? payloadHash),
    expiresSec: undefined,
  }
}

const notSupported = () =>
  new S3Error(
    'InvalidRequest',
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  )

function presignedClaim(request: SignedRequest, query: ReadonlyMap<string, string>): Claim {
  const wrong = (message: string) => new S3Error('AuthorizationQueryParametersError', message)
  if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') {
    throw wrong('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"')
  }
  const expires = query.get('X-Amz-Expires') ?? ''
  const expiresSec = /^\d{1,7}$/.test(expires) ? Number(expires) : Number.NaN
  if (!(expiresSec >= 1 && expiresSec <= MOST_EXPIRES_SEC)) {
    throw wrong(`X-Amz-Expires must be between 1 and ${MOST_EXPIRES_SEC} seconds`)
  }
  const signedHeaders = query.get('X-Amz-SignedHeaders')
  const signature = query.get('X-Amz-Signature')
  if (!signedHeaders || !signature) throw wrong('X-Amz-SignedHeaders and X-Amz-Signature are required')
  const names = signedHeaders.split(';')
  const header = names.includes('x-amz-content-sha256') ? request.headers['x-amz-content-sha256'] : undefined
  return {
    scope: scopeOf(query.get('X-Amz-Credential') ?? '', 'AuthorizationQueryParametersError'),
    timestamp: query.get('X-Amz-Date') ?? '',
    signedHeaders: names,
    signature,
    payloadHash: query.get('X-Amz-Content-Sha256') ?? String(header ?? 'UNSIGNED-PAYLOAD'),
    expiresSec,
  }
}

function scopeOf(
  credential: string,
  code: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError',
): CredentialScope {
  const parts = /^(.+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/.exec(credential)
  if (!parts) {
    throw new S3Error(code, 'The credential must be <access key>/<yyyymmdd>/<region>/<service>/aws4_request.')
  }
  const [, accessKeyId = '', date = '', region = '', service = ''] = parts
  return { accessKeyId, date, region, service }
}

function checkTime({ timestamp, scope, expiresSec }: Claim, nowMs: number): void {
  const signedMs = timeOf(timestamp)
  if (signedMs === undefined || !timestamp.startsWith(scope.date)) {
    throw new S3Error(
      'AccessDenied',
      'AWS authentication requires a valid date that equals that of the credential scope.',
    )
  }
  if (expiresSec === undefined) {
    if (Math.abs(nowMs - signedMs) <= MOST_SKEW_MS) return
    throw new S3Error('RequestTimeTooSkewed', undefined, {
      RequestTime: timestamp,
      ServerTime: new Date(nowMs).toISOString(),
      MaxAllowedSkewMilliseconds: String(MOST_SKEW_MS),
    })
  }
  if (signedMs - nowMs > MOST_SKEW_MS) throw new S3Error('AccessDenied', 'Request is not yet valid')
  if (nowMs > signedMs + expiresSec * 1000) {
    throw new S3Error('AccessDenied', 'Request has expired', {
      'X-Amz-Expires': String(expiresSec),
      Expires: new Date(signedMs + expiresSec * 1000).toISOString(),
      ServerTime: new Date(nowMs).toISOString(),
    })
  }
}

/**
 * S3 demands that Host and every x-amz- header are signed. Otherwise whoever holds a presigned PUT could add
 * x-amz-copy-source to it, and read with the signer's rights.
 */
function checkSignedHeaders({ headers }: SignedRequest, { signedHeaders, expiresSec }: Claim): void {
  const unsigned = Object.keys(headers).filter(
    (name) =>
      (name === 'host' || name.startsWith('x-amz-')) &&
      // Some clients add it to presigned requests; unless it is signed, it is not looked at.
      !(expiresSec !== undefined && name === 'x-amz-content-sha256') &&
      !signedHeaders.includes(name),
  )
  if (unsigned.length === 0) return
  throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
    HeadersNotSigned: unsigned.join(', '),
  })
}

/** `20130524T000000Z` in milliseconds. */
function timeOf(timestamp: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp)
  if (!parts) return undefined
  const [, year, month, day, hour, minute, second] = parts.map(Number)
  return Date.UTC(Number(year), Number(month) - 1, day, hour, minute, second)
}

/** AWS accepts a plain Date header instead of x-amz-date. */
function httpDate(date: string | undefined): string {
  const ms = Date.parse(date ?? '')
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '')
}
