/// <reference lib="esnext.typedarrays" />
import { soapError } from '../soap-error.ts'

const AMPERSAND = 0x26
// `&#x00000D;` is the longest reference that anyone writes for a character of base64.
const MAX_REFERENCE_BYTES = 12
// With a line break every 60 characters, written as `&#xD;&#xA;`, text is 1.6 times its bytes; a reference for
// every character is beyond any encoder.
const MOST_TEXT_PER_BYTE = 8
const TEXT_ALLOWANCE = 1024 * 1024

/**
 * Decodes the text of one XML element as base64 from raw UTF-8 bytes, cut anywhere. White space may stand
 * anywhere, also as a character reference (`&#13;`, `&#xD;`): .NET and Java write line ends so. Padding ends it.
 *
 * Throws `invalid-request` that names `field` for anything that is not base64, and `too-large` for text that is
 * nearly all white space, which would otherwise be read for ever.
 */
export class Base64Decoder {
  readonly #field: string
  /** Up to three characters that wait for the rest of their group of four. */
  #carry = ''
  #reference = ''
  #padded = false
  #textBytes = 0
  #decodedBytes = 0

  constructor(field: string) {
    this.#field = field
  }

  /** The bytes that `text` completes; it has no `<`. Empty when it completes none. */
  write(text: Buffer): Uint8Array[] {
    this.#textBytes += text.length
    const decoded: Uint8Array[] = []
    let at = 0
    while (at < text.length) {
      if (this.#reference !== '') {
        at = this.#readReference(text, at, decoded)
        continue
      }
      const ampersand = text.indexOf(AMPERSAND, at)
      const end = ampersand < 0 ? text.length : ampersand
      if (end > at) this.#decode(text.toString('latin1', at, end), decoded)
      if (ampersand >= 0) this.#reference = '&'
      at = ampersand < 0 ? end : ampersand + 1
    }
    if (this.#textBytes > MOST_TEXT_PER_BYTE * this.#decodedBytes + TEXT_ALLOWANCE)
      throw soapError(
        'too-large',
        `${this.#field} is mostly white space. Send base64 with ordinary line breaks.`,
        {
          field: this.#field,
        },
      )
    return decoded
  }

  /** Asserts that the text ended on a whole group of four. */
  end(): void {
    if (this.#reference !== '') throw this.#invalid(`ends inside the reference '${this.#reference}'`)
    if (this.#carry !== '')
      throw this.#invalid(`is cut: ${this.#carry.length} characters follow the last group of four`)
  }

  #decode(text: string, decoded: Uint8Array[]): void {
    // The decoder below takes HTML's white space, of which XML does not allow the form feed.
    if (text.includes('\f')) throw this.#invalid('has a form feed')
    if (this.#padded) {
      if (/[^ \t\r\n]/.test(text)) throw this.#invalid('goes on after its padding')
      return
    }
    const joined = this.#carry + text
    // Base64 is at most 3 bytes for 4 characters; what is left over stays in the carry.
    const target = new Uint8Array(Math.ceil((joined.length * 3) / 4) + 3)
    let read: number
    let written: number
    try {
      ;({ read, written } = target.setFromBase64(joined, { lastChunkHandling: 'stop-before-partial' }))
    } catch (error) {
      throw this.#invalid('is not base64', error)
    }
    this.#padded = written % 3 !== 0
    this.#carry = joined.slice(read).replaceAll(/[ \t\r\n]/g, '')
    if (this.#padded && this.#carry !== '') throw this.#invalid('goes on after its padding')
    if (written === 0) return
    this.#decodedBytes += written
    decoded.push(target.subarray(0, written))
  }

  #readReference(text: Buffer, from: number, decoded: Uint8Array[]): number {
    let at = from
    while (at < text.length) {
      const char = String.fromCharCode(text[at++] ?? 0)
      this.#reference += char
      if (char === ';') {
        const resolved = this.#resolve(this.#reference)
        this.#reference = ''
        this.#decode(resolved, decoded)
        return at
      }
      if (this.#reference.length > MAX_REFERENCE_BYTES)
        throw this.#invalid('has a reference that is not base64')
    }
    return at
  }

  #resolve(reference: string): string {
    const [, hex, decimal] = /^&#(?:x([0-9A-Fa-f]+)|([0-9]+));$/.exec(reference) ?? []
    const code = hex !== undefined ? Number.parseInt(hex, 16) : Number(decimal ?? Number.NaN)
    if (!(code >= 9 && code <= 0x7f)) throw this.#invalid('has a reference that is not base64')
    return String.fromCharCode(code)
  }

  #invalid(what: string, cause?: unknown): Error {
    return soapError(
      'invalid-request',
      `${this.#field} ${what}. Send base64 (letters, digits, +, /, padded with =) as plain text.`,
      { field: this.#field, ...(cause === undefined ? {} : { cause }) },
    )
  }
}
