import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { ReelmillError } from '#shared/errors.ts'
import { isForbidden, isMissing, toMediaError } from '#shared/storage/media-error.ts'
import type { MediaObject, MediaPart, MediaStore, WriteOptions } from '#shared/storage/media-store.ts'
import { listMultiparts, listObjects, listParts, type S3Place } from '#shared/storage/s3-listings.ts'
import { presignPart, presignRead } from '#shared/storage/s3-presign.ts'
import { unsignedPayload } from '#shared/storage/unsigned-payload.ts'
import { writeInParts } from '#shared/storage/write-in-parts.ts'

export interface S3MediaStoreOptions {
  readonly client: S3Client
  readonly bucket: string
  /** A client with the endpoint under which others reach the bucket; presigned URLs sign the host. */
  readonly presignClient?: S3Client
}

/** As many as DeleteObjects takes. */
const MOST_DELETED_AT_ONCE = 1000

/** Movies on S3, or what speaks as S3 does. */
export class S3MediaStore implements MediaStore {
  readonly #client: S3Client
  readonly #presigner: S3Client
  readonly #bucket: string

  constructor(options: S3MediaStoreOptions) {
    this.#client = options.client
    unsignedPayload(this.#client)
    this.#presigner = options.presignClient ?? options.client
    this.#bucket = options.bucket
  }

  async head(key: string, signal?: AbortSignal): Promise<MediaObject | undefined> {
    const look = () =>
      this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }), abort(signal))
    try {
      // An answer to HEAD has no body, so a refusal does not say whether it is about our credentials or about a clock
      // that was set. The SDK has learned the store's time from it: what is refused again is refused for good.
      const answer = await look().catch((error: unknown) => {
        if (isForbidden(error)) return look()
        throw error
      })
      return toObject(key, answer.ContentLength, answer)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw this.#error(error, 'look at', key, signal)
    }
  }

  async read(
    key: string,
    options: {
      readonly range?: { readonly start: number; readonly end?: number }
      readonly signal?: AbortSignal
    } = {},
  ): Promise<(MediaObject & { readonly body: Readable }) | undefined> {
    const { range, signal } = options
    const Range = range && `bytes=${range.start}-${range.end ?? ''}`
    try {
      const answer = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: key, ...(Range === undefined ? {} : { Range }) }),
        abort(signal),
      )
      const whole = Number(answer.ContentRange?.split('/')[1] ?? answer.ContentLength)
      if (!(answer.Body instanceof Readable)) throw new Error('the answer has no body')
      return { ...toObject(key, whole, answer), body: answer.Body }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw this.#error(error, 'read', key, signal)
    }
  }

  async write(key: string, body: Readable | Uint8Array, options: WriteOptions = {}): Promise<MediaObject> {
    return await writeInParts(this, (whole) => this.#put(key, whole, options), key, body, options)
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<MediaObject> {
    try {
      yield* listObjects(this.#place, prefix, signal)
    } catch (error) {
      throw this.#error(error, 'list', prefix, signal)
    }
  }

  async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    for (let i = 0; i < keys.length; i += MOST_DELETED_AT_ONCE) {
      const Objects = keys.slice(i, i + MOST_DELETED_AT_ONCE).map((Key) => ({ Key }))
      await this.#try('delete', Objects[0]?.Key ?? '', signal, async () => {
        const { Errors = [] } = await this.#client.send(
          new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } }),
          abort(signal),
        )
        const [first] = Errors
        if (first) throw new Error(`${Errors.length} keys stayed, the first ${first.Key}: ${first.Message}`)
      })
    }
  }

  async beginMultipart(key: string, options: { readonly contentType?: string } = {}): Promise<string> {
    const { contentType } = options
    const { UploadId } = await this.#try('begin an upload of', key, undefined, () =>
      this.#client.send(
        new CreateMultipartUploadCommand({
          Bucket: this.#bucket,
          Key: key,
          ...(contentType === undefined ? {} : { ContentType: contentType }),
        }),
      ),
    )
    return UploadId ?? ''
  }

  async writePart(
    key: string,
    uploadId: string,
    number: number,
    body: Uint8Array,
    signal?: AbortSignal,
  ): Promise<MediaPart> {
    const { ETag } = await this.#try('write a part of', key, signal, () =>
      this.#client.send(
        new UploadPartCommand({
          Bucket: this.#bucket,
          Key: key,
          UploadId: uploadId,
          PartNumber: number,
          Body: body,
        }),
        abort(signal),
      ),
    )
    return { number, etag: ETag ?? '', sizeBytes: body.length }
  }

  async completeMultipart(key: string, uploadId: string, parts: readonly MediaPart[]): Promise<MediaObject> {
    const Parts: CompletedPart[] = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }))
    try {
      await this.#client.send(
        new CompleteMultipartUploadCommand({
          Bucket: this.#bucket,
          Key: key,
          UploadId: uploadId,
          MultipartUpload: { Parts },
        }),
      )
    } catch (error) {
      // The answer may have been lost, and a repeat of what succeeded says NoSuchUpload: the object itself knows.
      const found = await this.head(key)
      if (found && isMadeOf(found, parts)) return found
      throw this.#error(error, 'complete the upload of', key)
    }
    const found = await this.head(key)
    if (found) return found
    throw new ReelmillError(
      'store-unavailable',
      `The upload of ${key} was completed, but the store does not show it. Try again.`,
    )
  }

  async abortMultipart(key: string, uploadId: string): Promise<void> {
    try {
      await this.#client.send(
        new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key: key, UploadId: uploadId }),
      )
    } catch (error) {
      if (!isMissing(error)) throw this.#error(error, 'abort the upload of', key)
    }
  }

  async listParts(key: string, uploadId: string): Promise<readonly MediaPart[] | undefined> {
    try {
      return await listParts(this.#place, key, uploadId)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw this.#error(error, 'list the parts of', key)
    }
  }

  async *listMultiparts(
    prefix: string,
  ): AsyncGenerator<{ key: string; uploadId: string; startedAtMs: number }> {
    try {
      yield* listMultiparts(this.#place, prefix)
    } catch (error) {
      throw this.#error(error, 'list the uploads under', prefix)
    }
  }

  async presignRead(
    key: string,
    options: { readonly expiresSec: number; readonly fileName?: string; readonly contentType?: string },
  ): Promise<string> {
    return await presignRead(this.#presigner, { bucket: this.#bucket, key }, options)
  }

  async presignPart(
    key: string,
    uploadId: string,
    number: number,
    options: { readonly expiresSec: number },
  ): Promise<string> {
    return await presignPart(this.#presigner, { bucket: this.#bucket, key, uploadId, number }, options)
  }

  async ping(signal?: AbortSignal): Promise<void> {
    await this.#try('reach', this.#bucket, signal, () =>
      this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }), abort(signal)),
    )
  }

  get #place(): S3Place {
    return { client: this.#client, bucket: this.#bucket }
  }

  async #put(key: string, body: Buffer, options: WriteOptions): Promise<MediaObject> {
    const { contentType, signal } = options
    const type = contentType === undefined ? {} : { ContentType: contentType }
    const { ETag = '' } = await this.#try('write', key, signal, () =>
      this.#client.send(
        new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body, ...type }),
        abort(signal),
      ),
    )
    return { key, sizeBytes: body.length, etag: ETag, ...(contentType === undefined ? {} : { contentType }) }
  }

  async #try<T>(
    verb: string,
    key: string,
    signal: AbortSignal | undefined,
    request: () => Promise<T>,
  ): Promise<T> {
    try {
      return await request()
    } catch (error) {
      throw this.#error(error, verb, key, signal)
    }
  }

  /** An abort is its reason, everything else one of our errors. */
  #error(error: unknown, verb: string, key: string, signal?: AbortSignal): unknown {
    return signal?.aborted ? signal.reason : toMediaError(error, verb, this.#bucket, key)
  }
}

const abort = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {})

function toObject(
  key: string,
  sizeBytes: number | undefined,
  answer: { readonly ETag?: string | undefined; readonly ContentType?: string | undefined },
): MediaObject {
  const { ETag = '', ContentType } = answer
  return {
    key,
    sizeBytes: sizeBytes ?? 0,
    etag: ETag,
    ...(ContentType === undefined ? {} : { contentType: ContentType }),
  }
}

/** Whether an object is the sum of these parts, as far as a store shows it: its size and its ETag's part count. */
function isMadeOf(object: MediaObject, parts: readonly MediaPart[]): boolean {
  const bytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  return object.sizeBytes === bytes && object.etag.replaceAll('"', '').endsWith(`-${parts.length}`)
}
