import { Readable } from 'node:stream'
import { toRest } from './codec/mirror.ts'
import { rebuildRequest } from './codec/rebuild-request.ts'
import type { StrongSoapCodec } from './codec/strong-soap-codec.ts'
import { Tokens } from './codec/tokens.ts'
import { binaryFieldOf, findOperation, NAMESPACE, type Operation } from './contract/operations.ts'
import { type ContentPlace, EnvelopeReader } from './envelope/envelope-reader.ts'
import type { XmlElement } from './envelope/xml-element.ts'
import { soapError } from './soap-error.ts'
import type { SoapLimits } from './soap-limits.ts'
import type { SoapVersion } from './soap-version.ts'
import { type ContentType, packagingOf, parseContentType } from './wire/content-type.ts'
import { MultipartReader } from './wire/multipart-reader.ts'
import { type ByteSource, toUtf8 } from './wire/transcode.ts'

/** A message whose envelope has been read and checked; only the movie's bytes are still to come. */
export interface Message {
  readonly operation: Operation
  readonly request: Readonly<Record<string, unknown>>
  readonly content: Readable
}

/**
 * Reads a message up to its movie: packaging, encoding, envelope, operation, fields. `onBody` is awaited when the
 * Body opens; there the caller is authenticated. `onOperation` is called as soon as the operation is known.
 *
 * In MTOM the envelope comes first and refers to at most one other part. A part that is missing, or that nobody
 * refers to, fails the message: before the operation runs when there is no movie, else as the movie's last word,
 * so that whoever stores it throws it away.
 */
export async function readMessage(
  source: ByteSource,
  contentType: ContentType,
  options: {
    readonly limits: SoapLimits
    readonly codec: StrongSoapCodec
    onBody(version: SoapVersion, header: readonly XmlElement[]): Promise<void>
    onOperation(operation: Operation): void
  },
): Promise<Message> {
  const { limits, codec, onBody } = options
  const packed = await unpack(source, contentType, limits)
  const reader = new EnvelopeReader({
    source: toUtf8(packed.envelope, packed.charset),
    limits,
    onBody,
    isBinary: (element, name) => binaryNameOf(element) === name,
  })
  const head = await reader.readHead()
  const operation = operationOf(head.operation)
  options.onOperation(operation)
  const tokens = new Tokens()
  const clean = rebuildRequest(operation, head.operation, tokens)
  const request = toRest(operation.request, codec.decode(operation.name, clean), tokens)
  if (head.content === undefined || head.content.kind === 'empty') {
    await assertNoMoreParts(packed.parts)
    return { operation, request, content: Readable.from([], { objectMode: false }) }
  }
  const bytes = contentBytes(reader, head.content, packed.parts)
  return { operation, request, content: Readable.from(bytes, { objectMode: false }) }
}

interface Packed {
  readonly envelope: ByteSource
  readonly charset: string | undefined
  /** The parts after the envelope; `undefined` outside multipart. */
  readonly parts: MultipartReader | undefined
}

async function unpack(source: ByteSource, contentType: ContentType, limits: SoapLimits): Promise<Packed> {
  if (packagingOf(contentType) === 'plain')
    return { envelope: source, charset: contentType.parameters.get('charset'), parts: undefined }
  const parts = new MultipartReader(source, contentType.parameters.get('boundary'), limits)
  const root = await parts.next()
  if (!root) throw soapError('malformed-body', 'The multipart message has no parts.')
  const start = contentType.parameters.get('start')?.replace(/^<(.*)>$/, '$1')
  if (start !== undefined && root.contentId !== undefined && root.contentId !== start)
    throw soapError('malformed-body', 'The part that `start` names, the envelope, must be the first.')
  assertIdentity(root.headers)
  const rootType = root.headers.get('content-type')
  const charset = rootType === undefined ? undefined : parseContentType(rootType).parameters.get('charset')
  return { envelope: root.body, charset, parts }
}

async function* contentBytes(
  reader: EnvelopeReader,
  place: Exclude<ContentPlace, { kind: 'empty' }>,
  parts: MultipartReader | undefined,
): AsyncGenerator<Uint8Array, void> {
  if (place.kind === 'inline') yield* reader.content()
  else {
    const part = await parts?.next()
    const wanted = contentIdOf(place.href)
    if (!part || part.contentId !== wanted)
      throw soapError(
        'malformed-body',
        `${place.field} refers to the part '${place.href.slice(0, 100)}', ${part ? 'and another one follows the envelope' : 'and there is none'}.`,
        { field: place.field },
      )
    assertIdentity(part.headers)
    yield* part.body
  }
  await assertNoMoreParts(parts)
}

async function assertNoMoreParts(parts: MultipartReader | undefined): Promise<void> {
  const extra = await parts?.next()
  if (extra)
    throw soapError(
      'malformed-body',
      `Nothing in the envelope refers to the part '${extra.contentId ?? ''}'.`,
    )
}

/**
 * Parts come as they are; nobody sends MTOM in base64 or quoted-printable, and a file in one would not be its bytes.
 */
function assertIdentity(headers: ReadonlyMap<string, string>): void {
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase() ?? 'binary'
  if (['binary', '8bit', '7bit'].includes(encoding)) return
  throw soapError(
    'unsupported-media-type',
    `The Content-Transfer-Encoding '${encoding.slice(0, 40)}' is not supported. Send parts in binary.`,
  )
}

/** `cid:a%40b` names the part whose Content-ID is `<a@b>` (RFC 2392). */
function contentIdOf(href: string): string | undefined {
  if (!href.startsWith('cid:')) return undefined
  try {
    return decodeURIComponent(href.slice('cid:'.length))
  } catch {
    return href.slice('cid:'.length) // a sloppy client that did not encode a percent sign
  }
}

function binaryNameOf(element: XmlElement): string | undefined {
  const operation = element.namespace === NAMESPACE ? findOperation(element.name) : undefined
  return operation && binaryFieldOf(operation)?.name
}

function operationOf(element: XmlElement): Operation {
  const operation = element.namespace === NAMESPACE ? findOperation(element.name) : undefined
  if (operation) return operation
  throw soapError(
    'unknown-operation',
    `There is no operation {${element.namespace.slice(0, 100)}}${element.name}. The operations are in the namespace ${NAMESPACE}; the WSDL (GET ?wsdl) lists them.`,
    { field: element.name },
  )
}
