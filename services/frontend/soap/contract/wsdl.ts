import { xmlAttribute, xmlText } from '../xml-text.ts'
import { arrayName, type Field, type FieldType, type ItemType, itemName } from './field.ts'
import { NAMESPACE, type Operation, operations } from './operations.ts'
import { complexTypes, serviceFaultFields } from './types.ts'

/** Which WSDL: with ports for both versions, 1.1 first; or for 1.1 alone (Axis 1.4 dies on soap12:fault). */
export type WsdlVariant = 'both' | '1.1'

/** The name of the service and the beginning of its ports'. */
export const SERVICE_NAME = 'ReelmillService'
export const portName = (version: '1.1' | '1.2'): string =>
  version === '1.1' ? 'ReelmillPort' : 'ReelmillPort12'

/**
 * The WSDL 1.1 of the service at `address`: document/literal wrapped, one inline schema. Each choice here was made
 * so that every generator likes it (WSDL2Java of Axis 1.4, wsimport, wsdl2h, wsdl.exe, svcutil, PHP, zeep).
 */
export function wsdlDocument(address: string, variant: WsdlVariant): string {
  const with12 = variant === 'both'
  return `<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions name="Reelmill" targetNamespace="${NAMESPACE}" xmlns:tns="${NAMESPACE}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"${with12 ? ' xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"' : ''} xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xmime="http://www.w3.org/2005/05/xmlmime">
  <wsdl:types>
${schema()}
  </wsdl:types>
${operations.map(messages).join('\n')}
  <wsdl:message name="ServiceException"><wsdl:part name="fault" element="tns:ServiceFault"/></wsdl:message>
  <wsdl:portType name="Reelmill">
${operations.map(portOperation).join('\n')}
  </wsdl:portType>
${binding('soap', 'ReelmillBinding')}
${with12 ? `${binding('soap12', 'ReelmillBinding12')}\n` : ''}  <wsdl:service name="${SERVICE_NAME}">
    <wsdl:port name="${portName('1.1')}" binding="tns:ReelmillBinding"><soap:address location="${xmlAttribute(address)}"/></wsdl:port>
${with12 ? `    <wsdl:port name="${portName('1.2')}" binding="tns:ReelmillBinding12"><soap12:address location="${xmlAttribute(address)}"/></wsdl:port>\n` : ''}  </wsdl:service>
</wsdl:definitions>
`
}

function schema(): string {
  const arrays = new Map<string, ItemType>()
  for (const { type } of allFields()) if (type.kind === 'list') arrays.set(arrayName(type.item), type.item)
  return `    <xs:schema targetNamespace="${NAMESPACE}" elementFormDefault="qualified">
${operations.map(wrapper).join('\n')}
${globalElement('ServiceFault', serviceFaultFields)}
${complexTypes.map(({ name, fields }) => namedType(name, fields.map(element))).join('\n')}
${[...arrays].map(([name, item]) => namedType(name, [arrayItem(item)])).join('\n')}
${namedType('Entry', ['<xs:element name="Key" type="xs:string"/>', '<xs:element name="Value" type="xs:string"/>'])}
${namedType('ArrayOfEntry', [arrayItem({ kind: 'type', type: 'Entry' })])}
    </xs:schema>`
}

/** Every field of the contract: in types, requests, responses and the fault. */
export const allFields = (): readonly Field[] => [
  ...complexTypes.flatMap(({ fields }) => fields),
  ...operations.flatMap(({ request, response }) => [...request, response]),
  ...serviceFaultFields,
]

const wrapper = (operation: Operation): string =>
  `${globalElement(operation.name, operation.request)}
${globalElement(`${operation.name}Response`, [operation.response])}`

const globalElement = (name: string, fields: readonly Field[]): string =>
  `      <xs:element name="${name}"><xs:complexType>${sequence(fields.map(element))}</xs:complexType></xs:element>`

const namedType = (name: string, elements: readonly string[]): string =>
  `      <xs:complexType name="${name}">${sequence(elements)}</xs:complexType>`

const sequence = (elements: readonly string[]): string =>
  elements.length === 0
    ? '<xs:sequence/>'
    : `<xs:sequence>\n${elements.map((each) => `        ${each}\n`).join('')}      </xs:sequence>`

function element({ name, type, required, doc }: Field): string {
  // Optional means minOccurs=0, never nillable: the two together make wrappers of wrappers in generated code.
  const optional = required ? '' : ' minOccurs="0"'
  // Makes JAX-WS hand over a DataHandler, which streams, instead of an array of bytes.
  const streamed =
    type.kind === 'simple' && type.xsd === 'base64Binary'
      ? ' xmime:expectedContentTypes="application/octet-stream"'
      : ''
  const open = `<xs:element name="${name}" type="${typeName(type)}"${optional}${streamed}`
  return doc === undefined
    ? `${open}/>`
    : `${open}><xs:annotation><xs:documentation>${xmlText(doc)}</xs:documentation></xs:annotation></xs:element>`
}

const arrayItem = (item: ItemType): string =>
  `<xs:element name="${itemName(item)}" type="${typeName(item)}" minOccurs="0" maxOccurs="unbounded"/>`

function typeName(type: FieldType): string {
  switch (type.kind) {
    case 'simple':
      return `xs:${type.xsd}`
    case 'type':
      return `tns:${type.type}`
    case 'list':
      return `tns:${arrayName(type.item)}`
    case 'map':
      return 'tns:ArrayOfEntry'
    default:
      throw type satisfies never
  }
}

const messages = ({ name }: Operation): string =>
  `  <wsdl:message name="${name}Request"><wsdl:part name="parameters" element="tns:${name}"/></wsdl:message>
  <wsdl:message name="${name}Response"><wsdl:part name="parameters" element="tns:${name}Response"/></wsdl:message>`

const portOperation = ({ name, doc }: Operation): string =>
  `    <wsdl:operation name="${name}">
      <wsdl:documentation>${xmlText(doc)}</wsdl:documentation>
      <wsdl:input message="tns:${name}Request"/>
      <wsdl:output message="tns:${name}Response"/>
      <wsdl:fault name="ServiceException" message="tns:ServiceException"/>
    </wsdl:operation>`

// The transport URI is that of SOAP 1.1 in both: generators know no other.
const binding = (prefix: 'soap' | 'soap12', name: string): string =>
  `  <wsdl:binding name="${name}" type="tns:Reelmill">
    <${prefix}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
${operations
  .map(
    (operation) => `    <wsdl:operation name="${operation.name}">
      <${prefix}:operation soapAction="${NAMESPACE}/${operation.name}" style="document"/>
      <wsdl:input><${prefix}:body use="literal"/></wsdl:input>
      <wsdl:output><${prefix}:body use="literal"/></wsdl:output>
      <wsdl:fault name="ServiceException"><${prefix}:fault name="ServiceException" use="literal"/></wsdl:fault>
    </wsdl:operation>`,
  )
  .join('\n')}
  </wsdl:binding>`
