import type { ChunkSignatures } from '../sigv4/chunk-signatures.ts'
import { S3Error } from './s3-error.ts'

const MOST_LINE_BYTES = 8 * 1024
const SIGNATURE = /;chunk-signature=([0-9a-f]{64})$/

/**
 * Decodes `Content-Encoding: aws-chunked`, the SDKs' way of sending a checksum behind the body:
 * `<hex size>[;chunk-signature=...]\r\n<bytes>\r\n ... 0\r\n[<name>:<value>\r\n]\r\n`.
 *
 * Yields the bytes as they come. `signatures` checks signed chunks; `trailers` is filled at the end. Bytes of a
 * chunk are handed on before its signature is checked, so nothing may be made visible before the last is.
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  options: { readonly signatures?: ChunkSignatures | undefined; readonly trailers: Map<string, string> },
): AsyncGenerator<Buffer> {
  const { signatures, trailers } = options
  const reader = new ByteReader(source)
  for (;;) {
    const line = await reader.line()
    const size = /^([0-9a-fA-F]{1,12})(;|$)/.exec(line ?? '')?.[1]
    if (line === undefined || size === undefined)
      throw new S3Error('IncompleteBody', 'A chunk of the body is malformed.')
    const signature = SIGNATURE.exec(line)?.[1]
    if (signatures && signature === undefined) {
      throw new S3Error('SignatureDoesNotMatch', 'A chunk of the body has no signature.')
    }
    for (let left = Number.parseInt(size, 16); left > 0; ) {
      const bytes = await reader.some(left)
      if (bytes === undefined) throw new S3Error('IncompleteBody')
      left -= bytes.length
      signatures?.update(bytes)
      yield bytes
    }
    signatures?.endChunk(signature ?? '')
    if (Number.parseInt(size, 16) === 0) break
    if ((await reader.line()) !== '')
      throw new S3Error('IncompleteBody', 'A chunk of the body is longer than it says.')
  }
  await readTrailers(reader, options)
  for (const name of trailers.keys()) if (name === 'x-amz-trailer-signature') trailers.delete(name)
}

async function readTrailers(
  reader: ByteReader,
  { signatures, trailers }: { signatures?: ChunkSignatures | undefined; trailers: Map<string, string> },
): Promise<void> {
  let signed = ''
  // To the end of the request, not to the first empty line: some clients put one before the trailer's signature.
  for (let line = await reader.line(); line !== undefined; line = await reader.line()) {
    if (line === '') continue
    const colon = line.indexOf(':')
    if (colon < 1) throw new S3Error('IncompleteBody', 'A trailing header is malformed.')
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    trailers.set(name, value)
    if (name !== 'x-amz-trailer-signature') signed += `${name}:${value}\n`
  }
  if (signatures && signed !== '')
    signatures.endTrailer(signed, trailers.get('x-amz-trailer-signature') ?? '')
}

/** Lines and bytes from chunks that are cut anywhere. */
class ByteReader {
  readonly #source: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Up to `most` bytes, at least one; `undefined` at the end. */
  async some(most: number): Promise<Buffer | undefined> {
    if (this.#rest.length === 0 && !(await this.#more())) return undefined
    const bytes = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(bytes.length)
    return bytes
  }

  /** The next line without its end; `undefined` when nothing is left. */
  async line(): Promise<string | undefined> {
    let end = this.#rest.indexOf('\n')
    while (end === -1) {
      if (this.#rest.length > MOST_LINE_BYTES)
        throw new S3Error('IncompleteBody', 'A line of the body is too long.')
      if (await this.#more()) end = this.#rest.indexOf('\n')
      else if (this.#rest.length === 0) return undefined
      else end = this.#rest.length
    }
    const line = this.#rest.toString('latin1', 0, end).replace(/\r$/, '')
    this.#rest = this.#rest.subarray(end + 1)
    return line
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next()
    if (done) return false
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value])
    return true
  }
}
