import type { Readable } from 'node:stream'
import { ReelmillError } from '#shared/errors.ts'
import { freeChunk } from '#shared/free-chunk.ts'
import type { MediaObject, MediaPart, MediaStore, WriteOptions } from '#shared/storage/media-store.ts'

const MIB = 1024 ** 2
const LEAST_PART_BYTES = 8 * MIB
const MOST_PARTS = 10_000
/** Memory that parts on their way may take, besides the one that is being filled. */
const IN_FLIGHT_BYTES = 24 * MIB

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
  const { sizeBytes, takesChunks = false, signal } = options
  const buffers = new PartBuffers()
  const bufferFor = (number: number) => buffers.take(partBytes(number, sizeBytes))
  const parts = cut(body, { bufferFor, takesChunks, signal })
  try {
    const { value: first } = await parts.next()
    if (!first) throw new ReelmillError('internal', 'A body was cut into no parts at all.')
    checkNotMore(key, first.bytes.length, sizeBytes)
    if (!first.last) return await writeMultipart(store, key, first.bytes, parts, buffers, options)
    checkLength(key, first.bytes.length, sizeBytes)
    return await putWhole(first.bytes)
  } finally {
    await parts.return(undefined) // lets go of a body that is not read to its end
  }
}

/**
 * How large part `number` is, in bytes. With a known size all parts are alike; else they double every thousand
 * parts, so that 10,000 hold the largest object (5 TiB) and a movie of 8 GB never needs more than 8 MiB each.
 */
export function partBytes(number: number, sizeBytes: number | undefined): number {
  if (sizeBytes !== undefined && sizeBytes < LEAST_PART_BYTES) return sizeBytes + 1 // room to notice that there is more
  if (sizeBytes === undefined) return LEAST_PART_BYTES * 2 ** Math.floor((number - 1) / 1000)
  return Math.max(LEAST_PART_BYTES, Math.ceil(sizeBytes / MOST_PARTS / MIB) * MIB)
}

async function writeMultipart(
  store: Parameters<typeof writeInParts>[0],
  key: string,
  first: Buffer,
  rest: AsyncIterable<{ readonly bytes: Buffer }>,
  buffers: PartBuffers,
  { contentType, sizeBytes, signal }: WriteOptions,
): Promise<MediaObject> {
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
      buffers.giveBack(bytes)
    })
    underWay.add(part)
    part.catch((error: unknown) => failed.abort(error)) // noticed below, by whoever waits for a part
  }
  try {
    begin(first)
    let total = first.length
    for await (const { bytes } of rest) {
      total += bytes.length
      checkNotMore(key, total, sizeBytes)
      while ((underWay.size + 1) * bytes.length > IN_FLIGHT_BYTES && underWay.size > 0)
        await Promise.race(underWay)
      failed.signal.throwIfAborted()
      begin(bytes)
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

/** The body in pieces, each in a buffer of the wanted size. At least one; only the last says that it is the last. */
async function* cut(
  body: Readable | Uint8Array,
  options: {
    bufferFor(number: number): Buffer
    readonly takesChunks: boolean
    readonly signal: AbortSignal | undefined
  },
): AsyncGenerator<{ bytes: Buffer; last: boolean }> {
  const { bufferFor, takesChunks, signal } = options
  let number = 1
  let part = bufferFor(number)
  let filled = 0
  for await (const chunk of body instanceof Uint8Array ? [body] : abortable(body, signal)) {
    for (let taken = 0; taken < chunk.byteLength; ) {
      if (filled === part.length) {
        yield { bytes: part, last: false }
        part = bufferFor(++number)
        filled = 0
      }
      const some = chunk.subarray(taken, taken + part.length - filled)
      part.set(some, filled)
      taken += some.byteLength
      filled += some.byteLength
    }
    if (takesChunks) freeChunk(chunk)
  }
  yield { bytes: part.subarray(0, filled), last: true }
}

/** Buffers of parts that have arrived serve again: fresh ones would cost a third of the work in garbage. */
class PartBuffers {
  #free: Buffer[] = []

  take(size: number): Buffer {
    this.#free = this.#free.filter((buffer) => buffer.length === size)
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(size)
  }

  giveBack(buffer: Buffer): void {
    this.#free.push(buffer)
  }
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

/** A body that goes on and on is refused as soon as it is too long. */
function checkNotMore(key: string, bytes: number, announced: number | undefined): void {
  if (announced !== undefined && bytes > announced) checkLength(key, bytes, announced)
}

function checkLength(key: string, bytes: number, announced: number | undefined): void {
  if (announced === undefined || announced === bytes) return
  throw new ReelmillError(
    'length-mismatch',
    `${bytes} bytes came for ${key}, and ${announced} were announced. Nothing was stored; send the content again.`,
    { facts: { key, bytes, announced } },
  )
}
