import { type Field, type FieldType, itemName, map, text } from '../contract/field.ts'
import { NAMESPACE, type Operation } from '../contract/operations.ts'
import { fieldsOf } from '../contract/types.ts'
import { isBlank, isNil, type XmlElement } from '../envelope/xml-element.ts'
import { soapError } from '../soap-error.ts'
import { ENVELOPE_NAMESPACE } from '../soap-version.ts'
import { readSimple } from './simple-value.ts'
import type { Tokens } from './tokens.ts'

const entryFields: readonly Field[] = [
  { ...text('key'), required: true },
  // Not required: an empty value is a value.
  text('value'),
]

/**
 * Writes an envelope of our own from what a client sent, checked against the contract: known elements only, in
 * their order, each at most once unless it is a list's, without attributes, nil and empty ones left out; numbers,
 * booleans and times in one spelling, texts as tokens. The movie's element is left out.
 *
 * Throws `unknown-field` or `invalid-request` with the element's path, such as `Outputs/OutputRequest[2]/Preset`.
 */
export function rebuildRequest(operation: Operation, element: XmlElement, tokens: Tokens): string {
  const inner = rebuildFields(operation.request, element, tokens, '')
  return `<soap:Envelope xmlns:soap="${ENVELOPE_NAMESPACE['1.1']}"><soap:Body><${operation.name} xmlns="${NAMESPACE}">${inner}</${operation.name}></soap:Body></soap:Envelope>`
}

function rebuildFields(fields: readonly Field[], parent: XmlElement, tokens: Tokens, path: string): string {
  if (!isBlank(parent.text))
    throw invalid(
      path || parent.name,
      `must hold elements, not the text '${parent.text.trim().slice(0, 40)}'`,
    )
  const given = new Map<string, XmlElement>()
  for (const child of parent.children) {
    assertKnown(child, fields, path)
    if (given.has(child.name)) throw invalid(join(path, child.name), 'comes twice')
    given.set(child.name, child)
  }
  return fields
    .map((field) => rebuildField(field, given.get(field.name), tokens, join(path, field.name)))
    .join('')
}

function rebuildField(field: Field, element: XmlElement | undefined, tokens: Tokens, path: string): string {
  const { type } = field
  const isBinary = type.kind === 'simple' && type.xsd === 'base64Binary'
  const absent = !element || isNil(element)
  const inner = absent || isBinary ? '' : rebuildValue(type, element, tokens, path)
  // An empty element of a list is an empty list, and so absent, as an empty text is.
  if (field.required && (absent || (inner === '' && !isBinary))) throw invalid(path, 'is missing')
  return inner === '' ? '' : `<${field.name}>${inner}</${field.name}>`
}

function rebuildValue(type: FieldType, element: XmlElement, tokens: Tokens, path: string): string {
  switch (type.kind) {
    case 'simple':
      return rebuildSimple(type.xsd, element, tokens, path)
    case 'type':
      return rebuildFields(fieldsOf(type.type), element, tokens, path)
    case 'list':
      return rebuildItems(itemName(type.item), type.item, element, tokens, path)
    case 'map':
      return rebuildItems('Entry', map('entry').type, element, tokens, path)
    default:
      throw type satisfies never
  }
}

function rebuildItems(name: string, type: FieldType, list: XmlElement, tokens: Tokens, path: string): string {
  if (!isBlank(list.text)) throw invalid(path, `must hold elements ${name}, not text`)
  const field: Field = { rest: name, name, type, required: false }
  const keys = new Set<string>()
  let index = 0
  let written = ''
  for (const item of list.children) {
    assertKnown(item, [field], path)
    const itemPath = `${join(path, name)}[${++index}]`
    if (isNil(item)) throw invalid(itemPath, 'is nil; leave it out')
    if (type.kind === 'map') assertNewKey(item, keys, itemPath)
    const inner =
      type.kind === 'map'
        ? rebuildFields(entryFields, item, tokens, itemPath)
        : rebuildValue(type, item, tokens, itemPath)
    written += `<${name}>${inner}</${name}>`
  }
  return written
}

/** JSON cannot say a key twice, and of two values one would be lost without a word. */
function assertNewKey(entry: XmlElement, keys: Set<string>, path: string): void {
  const key = entry.children.find(({ name }) => name === 'Key')?.text
  if (key === undefined) return
  if (keys.has(key))
    throw invalid(join(path, 'Key'), `'${key.slice(0, 100)}' comes twice; send each key once`)
  keys.add(key)
}

function rebuildSimple(
  xsd: Extract<FieldType, { kind: 'simple' }>['xsd'],
  element: XmlElement,
  tokens: Tokens,
  path: string,
): string {
  const [child] = element.children
  if (child) throw invalid(path, `must hold a value, not the element ${child.name}`)
  if (xsd === 'string') return element.text === '' ? '' : tokens.keep(element.text)
  if (isBlank(element.text)) return ''
  const outcome = readSimple(xsd, element.text)
  if (!outcome.ok) throw invalid(path, `must be ${outcome.expected}`)
  return String(outcome.value)
}

/** Elements of a sloppy client (PHP and Perl without a WSDL) have no namespace; any other namespace is not ours. */
function assertKnown(child: XmlElement, fields: readonly Field[], path: string): void {
  const known = fields.some((field) => field.name === child.name)
  if (known && (child.namespace === NAMESPACE || child.namespace === '')) return
  const where = join(path, child.name)
  throw soapError(
    'unknown-field',
    known
      ? `${where} is in the namespace '${child.namespace.slice(0, 100)}' and must be in ${NAMESPACE}.`
      : `${where} does not exist. ${fields.length === 0 ? 'Nothing' : fields.map(({ name }) => name).join(', ')} may stand there.`,
    { field: where },
  )
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`)

const invalid = (path: string, what: string): Error =>
  soapError('invalid-request', `${path} ${what}.`, { field: path })
