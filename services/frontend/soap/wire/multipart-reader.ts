import { soapError } from '../soap-error.ts'
import { overLimit, type SoapLimits } from '../soap-limits.ts'
import { parseContentType } from './content-type.ts'
import { asBuffer, type ByteSource } from './transcode.ts'

/** One part of a multipart/related message. Its body must be read to its end before the next part is asked for. */
export interface Part {
  /** By lower-case name; folded lines joined. */
  readonly headers: ReadonlyMap<string, string>
  /** Content-ID without its angle brackets. */
  readonly contentId: string | undefined
  /** A piece that is all of its memory is the reader's to keep or to free. */
  readonly body: AsyncGenerator<Buffer, void>
}

const CR = 0x0d
const LF = 0x0a
const DASH = 0x2d
// RFC 2046 says 70; the limit only keeps the search window small.
const MAX_BOUNDARY_CHARS = 200

/**
 * Splits multipart/related (RFC 2387) as a stream: memory does not grow with the parts. Boundaries are taken
 * literally, whatever is in them (gSOAP's have `=` and `/`).
 *
 * Without a boundary in the Content-Type the body itself must begin with MIME headers that name one, as Mono's
 * WCF writes it, or with the first delimiter line.
 *
 * Throws `malformed-body` for a message that is cut short or has no boundary, `too-large` past a limit.
 */
export class MultipartReader {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #limits: Pick<SoapLimits, 'parts' | 'partHeaderBytes'>
  #delimiter: Buffer | undefined
  #rest: Buffer = Buffer.alloc(0)
  #parts = 0
  #state: 'start' | 'in-part' | 'between' | 'end' = 'start'

  constructor(
    source: ByteSource,
    boundary: string | undefined,
    limits: Pick<SoapLimits, 'parts' | 'partHeaderBytes'>,
  ) {
    this.#source = source[Symbol.asyncIterator]()
    this.#limits = limits
    if (boundary !== undefined) this.#setBoundary(boundary)
  }

  /** The next part, or `undefined` after the closing delimiter (and the epilogue, which is read and dropped). */
  async next(): Promise<Part | undefined> {
    if (this.#state === 'in-part') throw new Error('The body of the last part has not been read to its end.')
    if (this.#state === 'start') await this.#findFirstPart()
    if (this.#state === 'end') return undefined
    if (++this.#parts > this.#limits.parts) throw overLimit(this.#limits, 'parts', 'The message', 'parts')
    const headers = parseHeaders(await this.#readHeaders())
    this.#state = 'in-part'
    const contentId = headers.get('content-id')?.replace(/^<(.*)>$/, '$1')
    return { headers, contentId, body: this.#body() }
  }

  async *#body(): AsyncGenerator<Buffer, void> {
    const delimiter = this.#delimiter
    if (!delimiter) throw new Error('There is no part before the boundary is known.')
    // A body may be empty: then its delimiter follows the headers' blank line, which is its line break.
    this.#rest = Buffer.concat([CRLF, this.#rest])
    let skip = CRLF.length
    for (;;) {
      const at = this.#rest.indexOf(delimiter)
      const end = at < 0 ? this.#rest.length - tailThatMayBegin(this.#rest, delimiter) : at
      const piece = this.#rest.subarray(skip, end)
      this.#rest = this.#rest.subarray(at < 0 ? end : at + delimiter.length)
      // Last, since a piece that is all of its memory is its reader's, who may free it: then nothing is left of
      // `#rest`.
      if (end > skip) yield piece
      skip = Math.max(0, skip - end)
      if (at >= 0) break
      await this.#more('The message ends inside a part.')
    }
    await this.#endDelimiter()
  }

  /** After a delimiter: `--` closes the message, a line end begins the next part. */
  async #endDelimiter(): Promise<void> {
    while (this.#rest.length < 2) await this.#more('The message ends inside a boundary.')
    if (this.#rest[0] === DASH && this.#rest[1] === DASH) {
      this.#rest = Buffer.alloc(0)
      this.#state = 'end'
      await this.#dropEpilogue()
      return
    }
    const line = await this.#readLine()
    if (/[^ \t]/.test(line)) throw malformed('A boundary is followed by other text on its line.')
    this.#state = 'between'
  }

  async #findFirstPart(): Promise<void> {
    if (!this.#delimiter) await this.#findBoundary()
    const delimiter = this.#delimiter
    if (!delimiter) throw malformed('The Content-Type names no boundary.')
    // The first delimiter may be the very first bytes, without the line break that every other begins with.
    this.#rest = Buffer.concat([CRLF, this.#rest])
    let at = this.#rest.indexOf(delimiter)
    while (at < 0) {
      if (this.#rest.length > this.#limits.partHeaderBytes)
        throw malformed('The boundary does not occur in the body.')
      await this.#more('The boundary does not occur in the body.')
      at = this.#rest.indexOf(delimiter)
    }
    this.#rest = this.#rest.subarray(at + delimiter.length)
    await this.#endDelimiter()
  }

  async #findBoundary(): Promise<void> {
    while (this.#rest.length < 2) await this.#more('The body is empty.')
    if (this.#rest[0] === DASH && this.#rest[1] === DASH) {
      const line = await this.#readLine()
      this.#rest = Buffer.concat([Buffer.from(`${line}\r\n`, 'latin1'), this.#rest])
      this.#setBoundary(line.slice(2).trimEnd())
      return
    }
    const boundary = parseContentType(
      parseHeaders(await this.#readHeaders()).get('content-type'),
    ).parameters.get('boundary')
    if (boundary === undefined) throw malformed('Neither the Content-Type nor the body names a boundary.')
    this.#setBoundary(boundary)
  }

  /** Lines up to an empty one, which is taken and not returned. */
  async #readHeaders(): Promise<string[]> {
    const lines: string[] = []
    let left = this.#limits.partHeaderBytes
    for (;;) {
      const line = await this.#readLine(left)
      if (line === '') return lines
      left -= line.length + 2
      lines.push(line)
    }
  }

  async #readLine(most: number = this.#limits.partHeaderBytes): Promise<string> {
    let end = this.#rest.indexOf(LF)
    while (end < 0 && this.#rest.length <= most) {
      await this.#more('The message ends inside the headers of a part.')
      end = this.#rest.indexOf(LF)
    }
    if (end < 0 || end > most) throw overLimit(this.#limits, 'partHeaderBytes', 'A part', 'bytes of headers')
    const line = this.#rest.toString('latin1', 0, end > 0 && this.#rest[end - 1] === CR ? end - 1 : end)
    this.#rest = this.#rest.subarray(end + 1)
    return line
  }

  async #dropEpilogue(): Promise<void> {
    let bytes = 0
    for (;;) {
      const next = await this.#source.next()
      if (next.done) return
      bytes += next.value.length
      if (bytes > this.#limits.partHeaderBytes) throw malformed('There is data after the closing boundary.')
    }
  }

  async #more(otherwise: string): Promise<void> {
    const next = await this.#source.next()
    if (next.done) throw malformed(`${otherwise} Send it again, whole.`)
    const chunk = asBuffer(next.value)
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
  }

  #setBoundary(boundary: string): void {
    if (boundary === '' || boundary.length > MAX_BOUNDARY_CHARS)
      throw malformed(`The boundary must have 1 to ${MAX_BOUNDARY_CHARS} characters.`)
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  }
}

const CRLF = Buffer.from('\r\n')

/** How many of the last bytes might be the beginning of `delimiter`. */
function tailThatMayBegin(bytes: Buffer, delimiter: Buffer): number {
  let from = bytes.indexOf(CR, Math.max(0, bytes.length - delimiter.length + 1))
  while (from >= 0) {
    const tail = bytes.length - from
    if (bytes.compare(delimiter, 0, tail, from) === 0) return tail
    from = bytes.indexOf(CR, from + 1)
  }
  return 0
}

function parseHeaders(lines: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  let last: string | undefined
  for (const line of lines) {
    if (/^[ \t]/.test(line) && last !== undefined) {
      headers.set(last, `${headers.get(last)} ${line.trim()}`)
      continue
    }
    const colon = line.indexOf(':')
    if (colon < 1) throw malformed('A part has a line among its headers that is none.')
    last = line.slice(0, colon).trim().toLowerCase()
    if (headers.has(last)) throw malformed(`A part has the header ${last.slice(0, 40)} twice.`)
    headers.set(last, line.slice(colon + 1).trim())
  }
  return headers
}

const malformed = (message: string): Error => soapError('malformed-body', message)
