import { messageOf } from '#shared/errors.ts'
import { soapError } from '../soap-error.ts'

/** Bytes as they arrive, in chunks of any size. */
export type ByteSource = AsyncIterable<Uint8Array>

// Enough for `<?xml version="1.0" encoding="..." standalone="yes"?>` in any encoding.
const SNIFF_BYTES = 512

/**
 * The same document in UTF-8 without a byte order mark, so that everything behind works on one encoding.
 * A byte order mark decides, then `charset` (of the Content-Type), then the XML declaration, then UTF-8.
 * UTF-8 passes through untouched (whoever decodes it is strict). Throws `malformed-body` for an encoding that is
 * not known or bytes that are not in it.
 */
export async function* toUtf8(source: ByteSource, charset: string | undefined): AsyncGenerator<Buffer, void> {
  let head: Buffer | undefined = Buffer.alloc(0)
  let decode: Decode | undefined
  for await (const bytes of source) {
    let chunk = asBuffer(bytes)
    if (head) {
      head = Buffer.concat([head, chunk])
      const encoding = encodingOf(head, charset, false)
      if (!encoding) continue
      decode = decoderOf(encoding.name)
      chunk = head.subarray(encoding.skip)
      head = undefined
    }
    if (decode) chunk = decode(chunk, false)
    if (chunk.length > 0) yield chunk
  }
  if (head) {
    const encoding = encodingOf(head, charset, true)
    decode = decoderOf(encoding.name)
    head = head.subarray(encoding.skip)
  }
  const rest = decode ? decode(head ?? Buffer.alloc(0), true) : head
  if (rest && rest.length > 0) yield rest
}

type Decode = (chunk: Buffer, last: boolean) => Buffer

function encodingOf(head: Buffer, charset: string | undefined, whole: true): { name: string; skip: number }
function encodingOf(
  head: Buffer,
  charset: string | undefined,
  whole: boolean,
): { name: string; skip: number } | undefined
function encodingOf(head: Buffer, charset: string | undefined, whole: boolean) {
  // Three bytes tell every mark from every other, and `<?x` from `<?` cut short.
  if (head.length < 3 && !whole) return undefined
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { name: 'utf-8', skip: 3 }
  if (head[0] === 0xff && head[1] === 0xfe) return { name: 'utf-16le', skip: 2 }
  if (head[0] === 0xfe && head[1] === 0xff) return { name: 'utf-16be', skip: 2 }
  // XML without a mark in UTF-16 shows its byte order by the zero beside the first `<`.
  const utf16 = head[0] === 0 ? 'utf-16be' : 'utf-16le'
  if (charset !== undefined)
    return { name: /^utf-?16$/i.test(charset) ? utf16 : charset.toLowerCase(), skip: 0 }
  if (head[0] === 0 || head[1] === 0) return { name: utf16, skip: 0 }
  if (!head.subarray(0, 5).equals(Buffer.from('<?xml').subarray(0, head.length)))
    return { name: 'utf-8', skip: 0 }
  const end = head.indexOf('?>')
  if (end < 0 && !whole && head.length < SNIFF_BYTES) return undefined
  const declared = /\sencoding\s*=\s*["']([\w.-]+)["']/.exec(
    head.toString('latin1', 0, Math.max(end, 0)),
  )?.[1]
  // A document that says UTF-16 in single bytes was transcoded on its way; it is what its bytes are.
  const name = declared === undefined || /^utf-?16/i.test(declared) ? 'utf-8' : declared.toLowerCase()
  return { name, skip: 0 }
}

function decoderOf(name: string): Decode | undefined {
  switch (name) {
    case 'utf-8':
    case 'utf8':
    case 'us-ascii':
    case 'ascii':
      return undefined
    case 'iso-8859-1':
    case 'iso8859-1':
    case 'iso_8859-1':
    case 'latin1':
      // Not by TextDecoder: it reads this label as windows-1252, as browsers must.
      return (chunk) => Buffer.from(chunk.toString('latin1'), 'utf8')
    case 'windows-1252':
    case 'iso-8859-15':
    case 'utf-16le':
    case 'utf-16be': {
      const decoder = new TextDecoder(name, { fatal: true, ignoreBOM: true })
      return (chunk, last) => {
        try {
          return Buffer.from(decoder.decode(chunk, { stream: !last }), 'utf8')
        } catch (error) {
          throw soapError('malformed-body', `The request is not valid ${name}: ${messageOf(error)}`, {
            cause: error,
          })
        }
      }
    }
    default:
      throw soapError(
        'malformed-body',
        `The character encoding '${name.slice(0, 40)}' is not supported. Send UTF-8, UTF-16, ISO-8859-1 or windows-1252.`,
      )
  }
}

/** The same memory as a Buffer. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
