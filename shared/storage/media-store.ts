import type { Readable } from 'node:stream'

/** What is known of a stored object. */
export interface MediaObject {
  readonly key: string
  readonly sizeBytes: number
  readonly etag: string
  readonly contentType?: string
}

/** One part of a multipart upload as the store acknowledged it. Numbers start at 1. */
export interface MediaPart {
  readonly number: number
  readonly etag: string
  readonly sizeBytes: number
}

export interface WriteOptions {
  readonly contentType?: string
  readonly sizeBytes?: number
  /** The chunks of the stream are nobody else's: their memory may be freed as soon as they were read. */
  readonly takesChunks?: boolean
  readonly signal?: AbortSignal
}

/**
 * Movies, in a bucket of their own with credentials of their own. Everything streams: memory does not grow
 * with the object. Errors are `ReelmillError`s with `store-unavailable` (trying later helps) or what the verb
 * names. A missing object is `undefined`, never an exception.
 */
export interface MediaStore {
  head(key: string, signal?: AbortSignal): Promise<MediaObject | undefined>
  /**
   * The object's bytes, all or `range` (both ends inclusive, in bytes). The reader must read it to the end or
   * destroy it. The stream fails rather than end early. Its chunks belong to the reader.
   */
  read(
    key: string,
    options?: {
      readonly range?: { readonly start: number; readonly end?: number }
      readonly signal?: AbortSignal
    },
  ): Promise<(MediaObject & { readonly body: Readable }) | undefined>
  /** Stores `body` under `key`, replacing what was there; visible only when whole. Size need not be known. */
  write(key: string, body: Readable | Uint8Array, options?: WriteOptions): Promise<MediaObject>
  /** Objects whose key begins with `prefix`, in UTF-8 byte order. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<MediaObject>
  /** Deleting what is not there is no error. */
  delete(keys: readonly string[], signal?: AbortSignal): Promise<void>

  beginMultipart(key: string, options?: { readonly contentType?: string }): Promise<string>
  writePart(
    key: string,
    uploadId: string,
    number: number,
    body: Uint8Array,
    signal?: AbortSignal,
  ): Promise<MediaPart>
  /** Idempotent: a repeat after success, or a lost answer, is decided by looking at the object. */
  completeMultipart(key: string, uploadId: string, parts: readonly MediaPart[]): Promise<MediaObject>
  abortMultipart(key: string, uploadId: string): Promise<void>
  listParts(key: string, uploadId: string): Promise<readonly MediaPart[] | undefined>
  /** Unfinished multipart uploads under `prefix`, for the sweep. */
  listMultiparts(prefix: string): AsyncIterable<{ key: string; uploadId: string; startedAtMs: number }>

  /** A URL that reads `key` without credentials for `expiresSec`; `fileName` becomes its Content-Disposition. */
  presignRead(
    key: string,
    options: { readonly expiresSec: number; readonly fileName?: string; readonly contentType?: string },
  ): Promise<string>
  /** A URL that PUTs one part without credentials for `expiresSec`. */
  presignPart(
    key: string,
    uploadId: string,
    number: number,
    options: { readonly expiresSec: number },
  ): Promise<string>
  /** Throws when the bucket cannot be reached. For readiness. */
  ping(signal?: AbortSignal): Promise<void>
}
