import { SaxesParser } from 'saxes'
import { S3Error } from './s3-error.ts'

/** An element's content: text, children by name in order, or nothing (left out of the document). */
export type XmlContent = string | number | boolean | XmlChildren | undefined
export type XmlChildren = readonly (readonly [name: string, content: XmlContent])[]

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** A document as S3 answers it. Errors have no namespace. */
export function writeXml(
  root: string,
  children: XmlContent,
  namespace: string | undefined = NAMESPACE,
): string {
  const attribute = namespace === '' ? '' : ` xmlns="${namespace}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${writeContent(children)}</${root}>`
}

function writeContent(content: XmlContent): string {
  if (content === undefined) return ''
  if (typeof content !== 'object') return escapeXml(String(content))
  return content
    .map(([name, child]) => (child === undefined ? '' : `<${name}>${writeContent(child)}</${name}>`))
    .join('')
}

/**
 * Control characters go as references, like S3 sends them. XML 1.0 has none for most of them, so clients that
 * expect such keys ask for encoding-type=url.
 */
const escapeXml = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is control characters that must be escaped
  text.replace(/[<>&"\u0000-\u001f\u007f]/g, (char) => {
    const named = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' }[char]
    return named ?? `&#x${char.charCodeAt(0).toString(16)};`
  })

/** An element as it was read, without its namespace. */
export interface XmlElement {
  readonly name: string
  readonly children: XmlElement[]
  text: string
}

/** Reads a request's document, whose root must be `root`. Throws `MalformedXML`. DTDs are refused. */
export function readXml(document: string, root: string): XmlElement {
  const top: XmlElement = { name: '', children: [], text: '' }
  const path = [top]
  const parser = new SaxesParser()
  const refuse = (detail: string) => {
    throw new S3Error('MalformedXML', undefined, { Detail: detail })
  }
  parser.on('error', (error) => refuse(error.message))
  parser.on('doctype', () => refuse('a document type is not allowed'))
  parser.on('opentag', (tag) => {
    const element: XmlElement = { name: tag.name.replace(/^.*:/, ''), children: [], text: '' }
    path.at(-1)?.children.push(element)
    path.push(element)
  })
  parser.on('closetag', () => path.pop())
  parser.on('text', (text) => {
    const element = path.at(-1)
    if (element) element.text += text
  })
  parser.write(document).close()
  const [element] = top.children
  if (element?.name !== root) return refuse(`the root must be ${root}`)
  return element
}

export const childrenOf = (element: XmlElement, name: string): XmlElement[] =>
  element.children.filter((child) => child.name === name)

export const textOf = (element: XmlElement, name: string): string | undefined =>
  element.children.find((child) => child.name === name)?.text
