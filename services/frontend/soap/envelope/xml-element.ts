/**
 * An element of a request as the pre-pass keeps it: bounded by the limits, names resolved, no comments, no CDATA.
 * Attributes are kept by `{namespace}local`, or by `local` when they have no namespace. Nothing here is a plain
 * object with keys from outside, so that no name (`__proto__`) means anything to JavaScript.
 */
export interface XmlElement {
  readonly namespace: string
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  /** All of its text, joined; white space between children included. */
  readonly text: string
}

export const XSI_NAMESPACE = 'http://www.w3.org/2001/XMLSchema-instance'

/** The first child with this name in one of these namespaces. */
export function childOf(parent: XmlElement, name: string, ...namespaces: string[]): XmlElement | undefined {
  return parent.children.find((child) => child.name === name && namespaces.includes(child.namespace))
}

/** True when the element says xsi:nil: it counts as absent. */
export function isNil(element: XmlElement): boolean {
  const nil = element.attributes.get(`{${XSI_NAMESPACE}}nil`)
  return nil === 'true' || nil === '1'
}

/** True when the text is white space as XML has it (JavaScript's `trim` knows more kinds). */
export const isBlank = (text: string): boolean => /^[ \t\r\n]*$/.test(text)
