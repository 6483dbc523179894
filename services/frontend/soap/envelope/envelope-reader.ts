import { soapError } from '../soap-error.ts'
import { overLimit, type SoapLimits } from '../soap-limits.ts'
import type { SoapVersion } from '../soap-version.ts'
import { asBuffer, type ByteSource } from '../wire/transcode.ts'
import { Base64Decoder } from './base64-decoder.ts'
import { EnvelopeParser, type IsBinary, malformed } from './envelope-parser.ts'
import type { XmlElement } from './xml-element.ts'

/** Where the movie's bytes are: in the envelope itself, in the part that `href` names, or there are none. */
export type ContentPlace =
  | { readonly kind: 'inline'; readonly field: string }
  | { readonly kind: 'part'; readonly field: string; readonly href: string }
  | { readonly kind: 'empty'; readonly field: string }

/** All of an envelope except the movie's bytes. */
export interface EnvelopeHead {
  readonly version: SoapVersion
  readonly operation: XmlElement
  /** Absent when the operation's movie element did not occur. */
  readonly content: ContentPlace | undefined
}

const LESS_THAN = 0x3c
const GREATER_THAN = 0x3e
// Tags, comments and `>` in attribute values for each element allowed: each is a call of the parser, which costs
// microseconds, so that a megabyte of `>` would cost seconds.
const CUTS_PER_ELEMENT = 4

/**
 * Reads one envelope from UTF-8 bytes: first `readHead`, then, if its content is `inline`, `content` to its end.
 * Nothing is read ahead of what is asked for, so a slow reader slows the sender. The envelope counts as whole only
 * when `readHead` (or `content`) came to its end without an error.
 *
 * `onBody` is awaited as soon as the Body opens, before any byte behind that tag is looked at.
 */
export class EnvelopeReader {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #limits: SoapLimits
  readonly #parser: EnvelopeParser
  readonly #onBody: (version: SoapVersion, header: readonly XmlElement[]) => Promise<void>
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  #rest: Buffer = Buffer.alloc(0)
  #bytes = 0
  #cuts = 0
  #inMarkup = false
  #bodySeen = false

  constructor(options: {
    readonly source: ByteSource
    readonly limits: SoapLimits
    readonly isBinary: IsBinary
    readonly onBody: (version: SoapVersion, header: readonly XmlElement[]) => Promise<void>
  }) {
    this.#source = options.source[Symbol.asyncIterator]()
    this.#limits = options.limits
    this.#parser = new EnvelopeParser(options.limits, options.isBinary)
    this.#onBody = options.onBody
  }

  async readHead(): Promise<EnvelopeHead> {
    await this.#advance(() => this.#parser.stage === 'binary')
    if (this.#parser.stage !== 'binary') return this.#head()
    const inline = (await this.#skipBlank()) !== LESS_THAN
    // Otherwise it is an empty element or an xop:Include: the parser's business until the end.
    if (!inline) await this.#advance(() => false)
    return this.#head(inline)
  }

  /** The bytes of the inline movie, decoded. Comes to its end only when the whole envelope was right. */
  async *content(): AsyncGenerator<Uint8Array, void> {
    const decoder = new Base64Decoder(this.#parser.binary?.name ?? 'Content')
    for (;;) {
      if (this.#rest.length === 0 && !(await this.#refill())) throw cutShort()
      const end = this.#rest.indexOf(LESS_THAN)
      const text = end < 0 ? this.#rest : this.#rest.subarray(0, end)
      this.#rest = this.#rest.subarray(text.length)
      yield* decoder.write(text)
      if (end >= 0) break
    }
    decoder.end()
    await this.#advance(() => false)
    if (this.#parser.include !== undefined) throw malformed('There is an xop:Include behind inline base64.')
  }

  #head(inline = false): EnvelopeHead {
    const { version, operation, binary, include } = this.#parser
    if (!version || !operation) throw malformed('The request has no SOAP envelope.')
    const field = binary?.name
    let content: ContentPlace | undefined
    if (field !== undefined) {
      if (inline) content = { kind: 'inline', field }
      else if (include !== undefined) content = { kind: 'part', field, href: include }
      else content = { kind: 'empty', field }
    }
    return { version, operation, content }
  }

  /** Feeds the parser until `there` (asked after each tag) or the end of the bytes. */
  async #advance(there: () => boolean): Promise<void> {
    for (;;) {
      if (this.#rest.length === 0 && !(await this.#refill())) break
      this.#parser.write(this.#decode(this.#nextPiece()))
      if (!this.#bodySeen && (this.#parser.stage === 'body' || this.#parser.stage === 'binary')) {
        this.#bodySeen = true
        const { version, header } = this.#parser
        if (version) await this.#onBody(version, header)
      }
      if (there()) return
    }
    this.#parser.write(this.#decode())
    this.#parser.end()
  }

  /** As many bytes as may be parsed at once: up to the `>` that may end a tag, or all there are. */
  #nextPiece(): Buffer {
    const from = this.#inMarkup || this.#parser.wantsCut ? 0 : this.#rest.indexOf(LESS_THAN)
    const end = from < 0 ? -1 : this.#rest.indexOf(GREATER_THAN, from)
    this.#inMarkup = from >= 0 && end < 0
    if (end >= 0 && ++this.#cuts > CUTS_PER_ELEMENT * this.#limits.elements)
      throw overLimit(this.#limits, 'elements', 'The envelope', 'elements, or as much markup as they need')
    const piece = end < 0 ? this.#rest : this.#rest.subarray(0, end + 1)
    this.#rest = this.#rest.subarray(piece.length)
    this.#count(piece.length)
    return piece
  }

  /** Skips white space before the movie's first character and says what follows. */
  async #skipBlank(): Promise<number> {
    for (;;) {
      let at = 0
      while (at < this.#rest.length && isBlankByte(this.#rest[at])) at++
      this.#count(at)
      this.#rest = this.#rest.subarray(at)
      const next = this.#rest[0]
      if (next !== undefined) return next
      if (!(await this.#refill())) throw cutShort()
    }
  }

  async #refill(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#source.next()
      if (next.done) return false
      this.#rest = asBuffer(next.value)
    }
    return true
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#limits.envelopeBytes)
      throw overLimit(this.#limits, 'envelopeBytes', 'The envelope', 'bytes beside the movie')
  }

  #decode(piece?: Buffer): string {
    try {
      return piece ? this.#utf8.decode(piece, { stream: true }) : this.#utf8.decode()
    } catch (error) {
      throw soapError(
        'malformed-body',
        'The envelope is not valid UTF-8. Declare its encoding in the Content-Type.',
        {
          cause: error,
        },
      )
    }
  }
}

const isBlankByte = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

const cutShort = (): Error => malformed('The envelope ends inside the movie. Send it again, whole.')
