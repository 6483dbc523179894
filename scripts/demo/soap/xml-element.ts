import { SaxesParser } from 'saxes'

/** An element of a reply, by its local name: what a plain client needs to read one. */
export interface XmlElement {
  readonly name: string
  readonly text: string
  readonly children: readonly XmlElement[]
}

/** Reads a whole document. Throws when it is not well-formed. */
export function parseXml(xml: string): XmlElement {
  const top = { name: '', text: '', children: [] as Growing[] }
  const open: Growing[] = [top]
  const parser = new SaxesParser({ xmlns: true })
  parser.on('opentag', ({ local }) => {
    const element: Growing = { name: local, text: '', children: [] }
    open.at(-1)?.children.push(element)
    open.push(element)
  })
  parser.on('text', (text) => {
    const element = open.at(-1)
    if (element) element.text += text
  })
  parser.on('closetag', () => void open.pop())
  parser.on('error', (error) => {
    throw error
  })
  parser.write(xml).close()
  return one(top, ...top.children.map(({ name }) => name).slice(0, 1))
}

/** All elements at a path of names below `element`. */
export function all(element: XmlElement, ...path: readonly string[]): readonly XmlElement[] {
  return path.reduce<readonly XmlElement[]>(
    (found, name) => found.flatMap(({ children }) => children.filter((child) => child.name === name)),
    [element],
  )
}

/** The first element at a path. Throws when there is none. */
export function one(element: XmlElement, ...path: readonly string[]): XmlElement {
  const [found] = all(element, ...path)
  if (found) return found
  throw new Error(`the reply has no ${path.join('/')} in ${element.name}`)
}

export const textAt = (element: XmlElement, ...path: readonly string[]): string => one(element, ...path).text

interface Growing {
  readonly name: string
  text: string
  readonly children: Growing[]
}
