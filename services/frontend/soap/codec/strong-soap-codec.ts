import type { CreateEnvelope, OperationDescriptor, XmlHandler } from 'strong-soap'
import { NAMESPACE, type OperationName } from '../contract/operations.ts'
import { portName, SERVICE_NAME } from '../contract/wsdl.ts'
import { ENVELOPE_NAMESPACE, type SoapVersion } from '../soap-version.ts'

/**
 * The only door to strong-soap: it turns envelopes into values and back by the WSDL (order, namespaces, arrays,
 * dates, numbers). It never sees a byte from a client: its parser takes 36 s on 500 kB of CDATA and lets
 * `<a id="__proto__">` poison every object. It gets envelopes that rebuild-request.ts wrote, in which each text is
 * a token, and values in which each text is a token.
 */
export class StrongSoapCodec {
  readonly #handler: XmlHandler
  readonly #createEnvelope: CreateEnvelope
  readonly #descriptors: ReadonlyMap<OperationName, OperationDescriptor>

  private constructor(
    handler: XmlHandler,
    createEnvelope: CreateEnvelope,
    descriptors: ReadonlyMap<OperationName, OperationDescriptor>,
  ) {
    this.#handler = handler
    this.#createEnvelope = createEnvelope
    this.#descriptors = descriptors
  }

  /** Reads the WSDL once. Throws when it is not one that strong-soap understands: a defect of ours. */
  static async open(wsdl: string): Promise<StrongSoapCodec> {
    // Only now: it takes the better part of a second, which a process that is asked for no SOAP need not spend.
    const { soap } = (await import('strong-soap')).default
    const document = new soap.WSDL(wsdl, '', {})
    await new Promise<void>((resolve, reject) => {
      document.load((error) => (error ? reject(error) : resolve()))
    })
    const { definitions } = document
    const operations = definitions.services[SERVICE_NAME]?.ports[portName('1.1')]?.binding.operations ?? {}
    const descriptors = new Map<OperationName, OperationDescriptor>()
    for (const [name, operation] of Object.entries(operations))
      descriptors.set(name as OperationName, operation.describe(definitions))
    const handler = new soap.XMLHandler(definitions.schemas, { ignoreUnknownProperties: true })
    return new StrongSoapCodec(handler, soap.XMLHandler.createSOAPEnvelope, descriptors)
  }

  /** The value of the operation's element in a SOAP 1.1 envelope without a header. */
  decode(operation: OperationName, envelope: string): unknown {
    const { Body } = this.#handler.xmlToJson(null, envelope, this.#of(operation).inputEnvelope)
    return Body?.[operation]
  }

  /** The envelope around the response of `operation`, whose element holds `value`. */
  encode(operation: OperationName, version: SoapVersion, value: Readonly<Record<string, unknown>>): string {
    const { body, header, doc } = this.#createEnvelope('soap', ENVELOPE_NAMESPACE[version])
    header.remove()
    this.#handler.jsonToXml(body, null, this.#of(operation).output.body, value)
    return doc.end()
  }

  #of(operation: OperationName): OperationDescriptor {
    const descriptor = this.#descriptors.get(operation)
    if (!descriptor) throw new Error(`The WSDL has no operation ${operation} in ${NAMESPACE}.`)
    return descriptor
  }
}
