import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { ReelmillError } from '#shared/errors.ts'
import type {
  ConditionalObjects,
  ListPage,
  ReadAnswer,
  WriteAnswer,
  WriteCondition,
} from '#shared/state/conditional-objects.ts'

/**
 * State in an S3 bucket. The client must be made with `maxAttempts: 1`: a repeat inside the SDK would turn our
 * own late success into a 412 that looks like somebody else's (docs/protocol.md, "The verbs").
 */
export class S3Objects implements ConditionalObjects {
  readonly #client: S3Client
  readonly #bucket: string

  constructor(options: { readonly client: S3Client; readonly bucket: string }) {
    this.#client = options.client
    this.#bucket = options.bucket
  }

  async read(
    key: string,
    options: { readonly ifNoneMatch?: string; readonly signal?: AbortSignal } = {},
  ): Promise<ReadAnswer> {
    try {
      const answer = await this.#client.send(
        new GetObjectCommand({
          Bucket: this.#bucket,
          Key: key,
          ...(options.ifNoneMatch && { IfNoneMatch: options.ifNoneMatch }),
        }),
        sendOptions(options.signal),
      )
      const body = (await answer.Body?.transformToString()) ?? ''
      return { kind: 'found', etag: etagOf(answer.ETag, key), body }
    } catch (error) {
      if (statusOf(error) === 304) return { kind: 'unchanged' }
      if (isMissingKey(error)) return { kind: 'missing' }
      throw this.#asOurs(error)
    }
  }

  async write(
    key: string,
    body: string,
    condition: WriteCondition,
    signal?: AbortSignal,
  ): Promise<WriteAnswer> {
    try {
      const answer = await this.#client.send(
        new PutObjectCommand({
          Bucket: this.#bucket,
          Key: key,
          Body: Buffer.from(body), // an empty string would count as a stream of unknown length
          ContentType: 'application/json',
          ...(condition.kind === 'if-match' && { IfMatch: condition.etag }),
          ...(condition.kind === 'if-none-match' && { IfNoneMatch: '*' }),
        }),
        sendOptions(signal),
      )
      return { kind: 'applied', etag: etagOf(answer.ETag, key) }
    } catch (error) {
      signal?.throwIfAborted()
      const status = statusOf(error)
      if (status === 412 || status === 409 || isMissingKey(error)) return { kind: 'refused' }
      if (status === 429 || (status === 503 && nameOf(error) === 'SlowDown')) return { kind: 'busy' }
      const ours = this.#asOurs(error)
      if (ours instanceof ReelmillError) throw ours
      return { kind: 'unknown', cause: error }
    }
  }

  async list(
    prefix: string,
    after: string | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<ListPage> {
    try {
      const answer = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          MaxKeys: limit,
          ...(after !== undefined && { StartAfter: after }),
        }),
        sendOptions(signal),
      )
      const entries = (answer.Contents ?? []).map(({ Key = '', ETag }) => ({
        key: Key,
        etag: etagOf(ETag, Key),
      }))
      return { entries, more: answer.IsTruncated === true }
    } catch (error) {
      throw this.#asOurs(error)
    }
  }

  async remove(key: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#client.send(
        new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }),
        sendOptions(signal),
      )
    } catch (error) {
      throw this.#asOurs(error)
    }
  }

  /** What no repeat can mend, in words; anything else as it is. */
  #asOurs(error: unknown): unknown {
    const name = nameOf(error)
    if (name === 'NoSuchBucket') {
      return new ReelmillError(
        'store-unavailable',
        `The bucket "${this.#bucket}" for state does not exist. Create it, or name another in REELMILL_STATE_BUCKET.`,
        { cause: error, retry: 'never' },
      )
    }
    // A clock was set. The SDK has read the store's time in the answer and signs the next request by it.
    if (name === 'RequestTimeTooSkewed') return error
    if (statusOf(error) === 403 || statusOf(error) === 401 || name === 'CredentialsProviderError') {
      return new ReelmillError(
        'store-unavailable',
        `The state store refuses our credentials (${name}). Check the access key and its rights on "${this.#bucket}".`,
        { cause: error, retry: 'never' },
      )
    }
    return error
  }
}

const sendOptions = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {})

const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '')

const isMissingKey = (error: unknown): boolean => statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket'

function etagOf(etag: string | undefined, key: string): string {
  if (etag) return etag
  throw new ReelmillError(
    'store-unsafe',
    `The state store answered without an ETag for ${key}. Run \`npm run doctor\`.`,
  )
}
