import type { Readable } from 'node:stream'
import { ReelmillError } from '#shared/errors.ts'
import type { MediaObject, MediaPart, MediaStore } from '#shared/storage/media-store.ts'

const MIB = 1024 ** 2
const LEAST_PART_BYTES = 8 * MIB
const MOST_PARTS = 10_000
/** Memory that parts on their way may take, besides the one that is being filled. */
const IN_FLIGHT_BYTES = 24 * MIB

export interface WriteOptions {
  readonly contentType?: string
  readonly sizeBytes?: number
  readonly signal?: AbortSignal
}

/**
 * Stores a body of any size in constant memory: what fits into one part by `putWhole`, more as a multipart upload
 * that is aborted when anything fails. Errors of the body itself are thrown as they are; `length-mismatch` when it
 * is not as long as `sizeBytes` says, and then nothing is stored.
 */
export async function writeInParts(
  store: Pick<MediaStore, 'beginMultipart' | 'writePart' | 'completeMultipart' | 'abortMultipart'>,
  putWhole: (bytes: Buffer) => Promise<MediaObject>,
  key: string,
  body: Readable | Uint8Array,
  options: WriteOptions,
): Promise<MediaObject> {
  const { contentType, sizeBytes, signal } = options
  const parts = cut(body, (number) => partBytes(number, sizeBytes), signal)
  const first = await parts.next()
  if (first.done) throw new ReelmillError('internal', 'A body was cut into no parts at all.')
  if (first.value.last) {
    checkLength(key, first.value.bytes.length, sizeBytes)
    return await putWhole(first.value.bytes)
  }
  const uploadId = await store.beginMultipart(key, contentType === undefined ? {} : { contentType })
  const failed = new AbortController()
  const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
  const underWay = new Set<Promise<unknown>>()
  const written: MediaPart[] = []
  const begin = (bytes: Buffer) => {
    const number = written.length + underWay.size + 1
    const part = store.writePart(key, uploadId, number, bytes, stop).then((done) => {
      underWay.delete(part)
      written.push(done)
    })
    underWay.add(part)
    part.catch((error: unknown) => failed.abort(error)) // noticed below, by whoever waits for a part
  }
  try {
    begin(first.value.bytes)
    let total = first.value.bytes.length
    for await (const { bytes } of parts) {
      while ((underWay.size + 1) * bytes.length > IN_FLIGHT_BYTES && underWay.size > 0)
        await Promise.race(underWay)
      failed.signal.throwIfAborted()
      begin(bytes)
      total += bytes.length
    }
    await Promise.all(underWay)
    checkLength(key, total, sizeBytes)
    signal?.throwIfAborted()
    return await store.completeMultipart(
      key,
      uploadId,
      written.toSorted((a, b) => a.number - b.number),
    )
  } catch (error) {
    failed.abort(error)
    await Promise.allSettled(underWay) // a part that arrives after the abort would stay for ever
    // The reason of the failure matters more than that its parts could not be removed: the sweep does that later.
    await store.abortMultipart(key, uploadId).catch(() => undefined)
    throw error
  }
}

/**
 * How large part `number` is, in bytes. With a known size all parts are alike; else they double every thousand
 * parts, so that 10,000 hold the largest object (5 TiB) and a movie of 8 GB never needs more than 8 MiB each.
 */
export function partBytes(number: number, sizeBytes: number | undefined): number {
  if (sizeBytes === undefined) return LEAST_PART_BYTES * 2 ** Math.floor((number - 1) / 1000)
  return Math.max(LEAST_PART_BYTES, Math.ceil(sizeBytes / MOST_PARTS / MIB) * MIB)
}

/** The body in pieces of the wanted sizes. At least one; only the last is shorter, and says that it is the last. */
async function* cut(
  body: Readable | Uint8Array,
  sizeOf: (number: number) => number,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ bytes: Buffer; last: boolean }> {
  let gathered: Buffer[] = []
  let length = 0
  let number = 1
  for await (const chunk of body instanceof Uint8Array ? [body] : abortable(body, signal)) {
    gathered.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    length += chunk.byteLength
    while (length > sizeOf(number)) {
      const whole = Buffer.concat(gathered, length)
      const size = sizeOf(number++)
      gathered = [whole.subarray(size)]
      length -= size
      yield { bytes: whole.subarray(0, size), last: false }
    }
  }
  yield { bytes: Buffer.concat(gathered, length), last: true }
}

/** A body that stalls must not keep us from stopping. */
async function* abortable(body: Readable, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const stop = () => body.destroy(signal?.reason instanceof Error ? signal.reason : new Error('aborted'))
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    yield* body
    signal?.throwIfAborted()
  } catch (error) {
    throw signal?.aborted ? signal.reason : error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

function checkLength(key: string, bytes: number, announced: number | undefined): void {
  if (announced === undefined || announced === bytes) return
  throw new ReelmillError(
    'length-mismatch',
    `${bytes} bytes came for ${key}, and ${announced} were announced. Nothing was stored; send the content again.`,
    { facts: { key, bytes, announced } },
  )
}
