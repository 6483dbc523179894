import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { basicAuthorization } from '../../stack/basic-authorization.ts'
import { type MtomReply, readMtom } from './read-mtom.ts'
import { all, one, parseXml, textAt, type XmlElement } from './xml-element.ts'

/** The elements of a request in the order of the WSDL: a text, an element with children, or several of one name. */
export interface SoapFields {
  readonly [name: string]: string | SoapFields | readonly string[]
}

/** The last element of a request, whose bytes travel in a part of their own. */
export interface SoapAttachment {
  readonly name: string
  readonly sizeBytes: number
  readonly bytes: AsyncIterable<Uint8Array>
}

const ENVELOPE = 'http://schemas.xmlsoap.org/soap/envelope/'
const NAMESPACE = 'urn:reelmill:v1'

/**
 * A plain SOAP 1.1 client: envelopes written by hand, MTOM streamed both ways, HTTP Basic with the key as the
 * password. No SOAP library, so that what the service says is seen as it is.
 */
export class SoapClient {
  readonly #address: string
  readonly #authorization: string
  readonly #signal: AbortSignal

  /** `address` is what the WSDL's `soap:address` says; `signal` ends whatever is under way. */
  constructor(options: { readonly address: string; readonly key: string; readonly signal: AbortSignal }) {
    this.#address = options.address
    this.#authorization = basicAuthorization(options.key)
    this.#signal = options.signal
  }

  /** Reads the WSDL at `url`, and speaks to where it says that the service is. */
  static async open(options: {
    readonly wsdlUrl: string
    readonly key: string
    readonly signal: AbortSignal
  }): Promise<SoapClient> {
    const { wsdlUrl, key, signal } = options
    const response = await fetch(wsdlUrl, { signal })
    if (!response.ok) throw new Error(`GET ${wsdlUrl} answered ${response.status}`)
    const [address] = /(?<=<soap:address location=")[^"]+/.exec(await response.text()) ?? []
    if (address === undefined) throw new Error(`the WSDL at ${wsdlUrl} names no address`)
    return new SoapClient({ address, key, signal })
  }

  /** One call without attachments. Resolves with the response element. */
  async call(operation: string, fields: SoapFields): Promise<XmlElement> {
    const response = await this.#post('text/xml; charset=utf-8', envelope(operation, fields))
    return responseOf(operation, (await replyOf(response)).envelope)
  }

  /** One call whose last element travels as MTOM, streamed. */
  async send(operation: string, fields: SoapFields, attachment: SoapAttachment): Promise<XmlElement> {
    return responseOf(operation, (await this.#mtom(operation, fields, attachment)).envelope)
  }

  /** One call whose answer is bytes; they are streamed. */
  async fetch(operation: string, fields: SoapFields): Promise<AsyncIterable<Uint8Array>> {
    const reply = await this.#mtom(operation, fields)
    responseOf(operation, reply.envelope)
    if (!reply.content) throw new Error(`${operation} answered without a part for the bytes`)
    return reply.content
  }

  async #mtom(operation: string, fields: SoapFields, attachment?: SoapAttachment): Promise<MtomReply> {
    const boundary = `uuid-${randomUUID()}`
    const head = [
      `--${boundary}\r\n${partHead('application/xop+xml; charset=utf-8; type="text/xml"', 'envelope')}`,
      envelope(operation, fields, attachment?.name),
      ...(attachment ? [`\r\n--${boundary}\r\n${partHead('application/octet-stream', 'content')}`] : []),
    ].join('')
    const tail = `\r\n--${boundary}--\r\n`
    async function* parts() {
      yield Buffer.from(head)
      if (attachment) yield* attachment.bytes
      yield Buffer.from(tail)
    }
    const sizeBytes = Buffer.byteLength(head) + (attachment?.sizeBytes ?? 0) + Buffer.byteLength(tail)
    const response = await this.#post(
      `multipart/related; type="application/xop+xml"; start="<envelope>"; start-info="text/xml"; boundary="${boundary}"`,
      Readable.toWeb(Readable.from(parts(), { objectMode: false })) as ReadableStream,
      sizeBytes,
    )
    return replyOf(response)
  }

  async #post(contentType: string, body: string | ReadableStream, sizeBytes?: number): Promise<Response> {
    return fetch(this.#address, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: {
        authorization: this.#authorization,
        'content-type': contentType,
        soapaction: '""',
        ...(sizeBytes !== undefined && { 'content-length': String(sizeBytes) }),
      },
      signal: this.#signal,
    } as RequestInit)
  }
}

/** Replies come as MTOM to requests in MTOM, faults too; what is no SOAP at all is thrown as it came. */
async function replyOf(response: Response): Promise<MtomReply> {
  const contentType = response.headers.get('content-type') ?? ''
  if (contentType.startsWith('multipart/related') && response.body)
    return readMtom(response.body, contentType)
  const text = await response.text()
  if (contentType.startsWith('text/xml')) return { envelope: text, content: undefined }
  throw new Error(`POST ${response.url} answered ${response.status}: ${text.slice(0, 500)}`)
}

/** The element inside the Body, unless that is a fault, which is thrown with its own sentence. */
function responseOf(operation: string, xml: string): XmlElement {
  const body = one(parseXml(xml), 'Body')
  const [fault] = all(body, 'Fault')
  if (!fault) return one(body, `${operation}Response`)
  const [typed] = all(fault, 'detail', 'ServiceFault')
  throw new Error(
    `${operation} answered with a fault: ${typed ? textAt(typed, 'Message') : textAt(fault, 'faultstring')}`,
  )
}

/** `attached` names the last element, which refers to the part `content`. */
function envelope(operation: string, fields: SoapFields, attached?: string): string {
  const reference =
    attached === undefined
      ? ''
      : `<${attached}><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:content"/></${attached}>`
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="${ENVELOPE}"><s:Body><${operation} xmlns="${NAMESPACE}">${elements(fields)}${reference}</${operation}></s:Body></s:Envelope>`
}

function elements(fields: SoapFields): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => {
      const values: readonly (string | SoapFields)[] = isSeveral(value) ? value : [value]
      return values.map(
        (each) => `<${name}>${typeof each === 'string' ? xmlText(each) : elements(each)}</${name}>`,
      )
    })
    .join('')
}

const isSeveral = (value: SoapFields[string]): value is readonly string[] => Array.isArray(value)

const partHead = (contentType: string, id: string): string =>
  `Content-Type: ${contentType}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <${id}>\r\n\r\n`

const xmlText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
