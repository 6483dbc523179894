import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FileBytes } from '../soap-operations.ts'
import { ENVELOPE_MEDIA_TYPE, type SoapVersion } from '../soap-version.ts'
import { encodeBase64 } from './encode-base64.ts'

/** How a reply goes out: in the request's version, and as MTOM exactly when the request was (Mono's WCF insists). */
export interface ReplyForm {
  readonly version: SoapVersion
  readonly mtom: boolean
}

export interface Reply {
  readonly contentType: string
  readonly sizeBytes: number
  readonly body: string | Readable
}

const ROOT_ID = 'envelope@reelmill'
const CONTENT_ID = 'content@reelmill'

/** A reply that is an envelope and nothing else; a fault, too. */
export function envelopeReply(envelope: string, form: ReplyForm): Reply {
  if (!form.mtom)
    return {
      contentType: plainContentType(form.version),
      sizeBytes: Buffer.byteLength(envelope),
      body: envelope,
    }
  const boundary = newBoundary()
  const body = `${rootPart(boundary, form.version)}${envelope}\r\n--${boundary}--\r\n`
  return { contentType: mtomContentType(boundary, form.version), sizeBytes: Buffer.byteLength(body), body }
}

/**
 * A reply whose envelope, cut in two, has a file's bytes between `before` and `after`: as base64, or in a part of
 * their own. The size is told in advance, so that a client notices a reply that was cut short.
 */
export function fileReply(before: string, after: string, file: FileBytes, form: ReplyForm): Reply {
  if (!form.mtom) {
    const sizeBytes = Buffer.byteLength(before) + 4 * Math.ceil(file.sizeBytes / 3) + Buffer.byteLength(after)
    return {
      contentType: plainContentType(form.version),
      sizeBytes,
      body: joined(before, encodeBase64(file.body), after, file.body),
    }
  }
  const boundary = newBoundary()
  const include = `<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:${encodeURIComponent(CONTENT_ID)}"/>`
  const head = `${rootPart(boundary, form.version)}${before}${include}${after}\r\n--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <${CONTENT_ID}>\r\n\r\n`
  const tail = `\r\n--${boundary}--\r\n`
  return {
    contentType: mtomContentType(boundary, form.version),
    sizeBytes: Buffer.byteLength(head) + file.sizeBytes + Buffer.byteLength(tail),
    body: joined(head, file.body, tail, file.body),
  }
}

function joined(before: string, bytes: AsyncIterable<Uint8Array>, after: string, source: Readable): Readable {
  async function* all(): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from(before)
    yield* bytes
    yield Buffer.from(after)
  }
  const body = Readable.from(all(), { objectMode: false })
  // A client that leaves must not leave the store's answer open.
  body.once('close', () => source.destroy())
  return body
}

const plainContentType = (version: SoapVersion): string => `${ENVELOPE_MEDIA_TYPE[version]}; charset=utf-8`

const mtomContentType = (boundary: string, version: SoapVersion): string =>
  `multipart/related; type="application/xop+xml"; boundary="${boundary}"; start="<${ROOT_ID}>"; start-info="${ENVELOPE_MEDIA_TYPE[version]}"`

const rootPart = (boundary: string, version: SoapVersion): string =>
  `--${boundary}\r\nContent-Type: application/xop+xml; charset=utf-8; type="${ENVELOPE_MEDIA_TYPE[version]}"\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <${ROOT_ID}>\r\n\r\n`

const newBoundary = (): string => `uuid-${randomUUID()}`
