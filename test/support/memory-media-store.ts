import { createHash } from 'node:crypto'
import { addAbortSignal, Readable } from 'node:stream'
import { ReelmillError } from '#shared/errors.ts'
import type { MediaObject, MediaPart, MediaStore, WriteOptions } from '#shared/storage/media-store.ts'

interface Stored {
  readonly body: Buffer
  readonly etag: string
  readonly contentType: string | undefined
}

interface Multipart {
  readonly key: string
  readonly startedAtMs: number
  readonly contentType: string | undefined
  readonly parts: Map<number, Buffer>
}

/** What befalls a call; throwing makes it fail, waiting makes it slow. */
export type MediaHook = (verb: string, key: string) => void | Promise<void>

/** Movies in memory, for tests and the simulation. It passes the same contract suite as the store on S3. */
export class MemoryMediaStore implements MediaStore {
  readonly #objects = new Map<string, Stored>()
  readonly #multiparts = new Map<string, Multipart>()
  readonly #completed = new Map<string, MediaObject>()
  readonly #hook: MediaHook
  #uploads = 0

  constructor(hook: MediaHook = () => undefined) {
    this.#hook = hook
  }

  /** Every key that is stored, in order, for invariants. */
  get keys(): readonly string[] {
    return [...this.#objects.keys()].sort(byUtf8)
  }

  /** The keys of multipart uploads that are neither completed nor aborted. */
  get unfinished(): readonly string[] {
    return [...this.#multiparts.values()].map(({ key }) => key)
  }

  async head(key: string): Promise<MediaObject | undefined> {
    await this.#hook('head', key)
    const stored = this.#objects.get(key)
    return stored && described(key, stored)
  }

  async read(
    key: string,
    options: { readonly range?: { readonly start: number; readonly end?: number } } = {},
  ) {
    await this.#hook('read', key)
    const stored = this.#objects.get(key)
    if (!stored) return undefined
    const { start = 0, end = stored.body.length - 1 } = options.range ?? {}
    const bytes = Buffer.from(stored.body.subarray(start, end + 1)) // the reader's own
    return { ...described(key, stored), body: Readable.from([bytes]) }
  }

  async write(key: string, body: Readable | Uint8Array, options: WriteOptions = {}): Promise<MediaObject> {
    const bytes = body instanceof Uint8Array ? Buffer.from(body) : await collect(body, options.signal)
    await this.#hook('write', key)
    options.signal?.throwIfAborted()
    if (options.sizeBytes !== undefined && options.sizeBytes !== bytes.length) {
      throw new ReelmillError(
        'length-mismatch',
        `${bytes.length} bytes came where ${options.sizeBytes} were announced.`,
      )
    }
    return this.#store(key, bytes, options.contentType)
  }

  async *list(prefix: string): AsyncIterable<MediaObject> {
    await this.#hook('list', prefix)
    for (const key of this.keys) {
      const stored = this.#objects.get(key)
      if (stored && key.startsWith(prefix)) yield described(key, stored)
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.#hook('delete', keys[0] ?? '')
    for (const key of keys) this.#objects.delete(key)
  }

  async beginMultipart(key: string, options: { readonly contentType?: string } = {}): Promise<string> {
    await this.#hook('begin-multipart', key)
    const uploadId = `multipart-${++this.#uploads}`
    this.#multiparts.set(uploadId, {
      key,
      startedAtMs: 0,
      contentType: options.contentType,
      parts: new Map(),
    })
    return uploadId
  }

  async writePart(key: string, uploadId: string, number: number, body: Uint8Array): Promise<MediaPart> {
    await this.#hook('write-part', key)
    this.#multipart(key, uploadId).parts.set(number, Buffer.from(body))
    return part(number, body)
  }

  async completeMultipart(key: string, uploadId: string, parts: readonly MediaPart[]): Promise<MediaObject> {
    await this.#hook('complete-multipart', key)
    const made = this.#completed.get(uploadId)
    const stored = this.#objects.get(key)
    if (made && stored?.etag === made.etag) return made
    const multipart = this.#multipart(key, uploadId)
    const bodies = parts.map(({ number }) => multipart.parts.get(number) ?? missing(number))
    this.#multiparts.delete(uploadId)
    const object = this.#store(key, Buffer.concat(bodies), multipart.contentType)
    this.#completed.set(uploadId, object)
    return object
  }

  async abortMultipart(key: string, uploadId: string): Promise<void> {
    await this.#hook('abort-multipart', key)
    this.#multiparts.delete(uploadId)
  }

  async listParts(key: string, uploadId: string): Promise<readonly MediaPart[] | undefined> {
    await this.#hook('list-parts', key)
    const parts = this.#multiparts.get(uploadId)?.parts
    return parts && [...parts].toSorted(([a], [b]) => a - b).map(([number, body]) => part(number, body))
  }

  async *listMultiparts(prefix: string) {
    await this.#hook('list-multiparts', prefix)
    for (const [uploadId, { key, startedAtMs }] of this.#multiparts) {
      if (key.startsWith(prefix)) yield { key, uploadId, startedAtMs }
    }
  }

  async presignRead(key: string, options: { readonly expiresSec: number; readonly fileName?: string }) {
    const query = new URLSearchParams({ expires: String(options.expiresSec), name: options.fileName ?? '' })
    return `memory://${key}?${query}`
  }

  async presignPart(key: string, uploadId: string, number: number, options: { readonly expiresSec: number }) {
    return `memory://${key}?uploadId=${uploadId}&part=${number}&expires=${options.expiresSec}`
  }

  async ping(): Promise<void> {
    await this.#hook('ping', '')
  }

  #store(key: string, body: Buffer, contentType: string | undefined): MediaObject {
    const stored = { body, etag: etagOf(body), contentType }
    this.#objects.set(key, stored)
    return described(key, stored)
  }

  #multipart(key: string, uploadId: string): Multipart {
    const multipart = this.#multiparts.get(uploadId)
    if (multipart?.key === key) return multipart
    throw new ReelmillError('not-found', `There is no multipart upload ${uploadId} of ${key}.`)
  }
}

function described(key: string, { body, etag, contentType }: Stored): MediaObject {
  return { key, sizeBytes: body.length, etag, ...(contentType !== undefined && { contentType }) }
}

async function collect(body: Readable, signal: AbortSignal | undefined): Promise<Buffer> {
  const chunks: Buffer[] = []
  const whole = signal ? addAbortSignal(signal, body) : body
  try {
    for await (const chunk of whole) chunks.push(Buffer.from(chunk as Uint8Array))
  } catch (error) {
    throw signal?.aborted ? signal.reason : error
  }
  return Buffer.concat(chunks)
}

const part = (number: number, body: Uint8Array): MediaPart => ({
  number,
  etag: etagOf(body),
  sizeBytes: body.length,
})

const etagOf = (body: Uint8Array): string => `"${createHash('md5').update(body).digest('hex')}"`

function missing(number: number): never {
  throw new ReelmillError('conflict', `Part ${number} was never written.`)
}

const byUtf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
