import { SaxesParser, type SaxesTagNS } from 'saxes'
import { soapError } from '../soap-error.ts'
import { overLimit, type SoapLimits } from '../soap-limits.ts'
import { ENVELOPE_NAMESPACE, type SoapVersion, versionOfNamespace } from '../soap-version.ts'
import { isBlank, type XmlElement } from './xml-element.ts'

/** Says whether `name` is the element of `operation` that carries the movie's bytes. */
export type IsBinary = (operation: XmlElement, name: string) => boolean

/** Where the parser stands. It only moves on, except that `binary` is left for `body` when its element closes. */
export type Stage = 'prolog' | 'header' | 'body' | 'binary' | 'epilog'

interface OpenElement extends XmlElement {
  readonly children: OpenElement[]
  text: string
}

const XOP_NAMESPACE = 'http://www.w3.org/2004/08/xop/include'

/**
 * The pre-pass: reads one envelope as text pieces, refuses what no client sends (DOCTYPE, processing
 * instructions) and what exceeds a limit, and keeps the header's blocks and the operation's element.
 *
 * It is fed so that a piece ends at every `>` that may end a tag (`wantsCut` says which). Thus whoever feeds it
 * sees each stage begin before any later byte was read: the caller authenticates when the Body has opened, and
 * takes the raw bytes for itself while the stage is `binary`. Those bytes are never given to `write`.
 */
export class EnvelopeParser {
  readonly #saxes = new SaxesParser({ xmlns: true, position: false })
  readonly #limits: SoapLimits
  readonly #isBinary: IsBinary
  readonly #open: OpenElement[] = []
  #elements = 0
  #attributes = 0
  #tagIsOpen = false
  #untoldChars = 0

  stage: Stage = 'prolog'
  version: SoapVersion | undefined
  header: readonly XmlElement[] = []
  operation: XmlElement | undefined
  /** The movie's element, once it has opened. */
  binary: XmlElement | undefined
  /** The `href` of the xop:Include inside the movie's element. */
  include: string | undefined

  constructor(limits: SoapLimits, isBinary: IsBinary) {
    this.#limits = limits
    this.#isBinary = isBinary
    const saxes = this.#saxes
    saxes.on('error', (error) => {
      throw malformed(`The envelope is not well-formed XML: ${error.message}`)
    })
    saxes.on('doctype', () => {
      throw malformed('A document type declaration (DOCTYPE) is not allowed in SOAP. Leave it out.')
    })
    saxes.on('processinginstruction', () => {
      throw malformed('Processing instructions are not allowed in SOAP. Leave them out.')
    })
    saxes.on('comment', (text) => {
      if (this.stage === 'binary') throw this.#notBase64('a comment')
      this.#assertLength('textChars', text, 'a comment')
    })
    saxes.on('opentagstart', (tag) => {
      this.#tagIsOpen = true
      this.#attributes = 0
      this.#assertLength('nameChars', tag.name, 'a name')
    })
    saxes.on('attribute', (attribute) => {
      // Here and not when the tag is whole: it may never be, and who sends so many has no end in mind.
      if (++this.#attributes > this.#limits.attributes)
        throw this.#over('attributes', 'attributes on one element')
      this.#assertLength('nameChars', attribute.name, 'a name')
      this.#assertLength('attributeChars', attribute.value, `the attribute ${attribute.name}`)
    })
    saxes.on('opentag', (tag) => this.#openElement(tag))
    saxes.on('text', (text) => this.#addText(text))
    saxes.on('cdata', (text) => {
      if (this.stage === 'binary') throw this.#notBase64('CDATA')
      this.#addText(text)
    })
    saxes.on('closetag', () => this.#closeElement())
  }

  /** True when the next `>` may end a tag, so that a piece must end there, although no `<` came before it. */
  get wantsCut(): boolean {
    return this.#tagIsOpen
  }

  write(text: string): void {
    this.#assertEnds(text)
    this.#saxes.write(text)
  }

  /** Asserts that the envelope is whole. Call it when the bytes are at their end. */
  end(): void {
    this.#saxes.close()
    if (this.stage !== 'epilog') throw malformed('The request has no SOAP envelope.')
  }

  #openElement(tag: SaxesTagNS): void {
    this.#tagIsOpen = false
    if (++this.#elements > this.#limits.elements) throw this.#over('elements', 'elements')
    const depth = this.#open.length + 1
    if (depth > this.#limits.depth) throw this.#over('depth', 'levels of elements')
    const attributes = new Map<string, string>()
    for (const { uri, local, value } of Object.values(tag.attributes))
      attributes.set(uri === '' ? local : `{${uri}}${local}`, value)
    const element: OpenElement = { namespace: tag.uri, name: tag.local, attributes, children: [], text: '' }
    this.#place(element, depth)
    this.#open.push(element)
  }

  /** Puts the element where it belongs, by its depth: Envelope, Header or Body, blocks or operation, and below. */
  #place(element: OpenElement, depth: number): void {
    const parent = this.#open.at(-1)
    if (depth === 1) this.#openEnvelope(element)
    else if (depth === 2) this.#openSection(element)
    else if (depth === 3 && this.stage === 'body') {
      if (this.operation)
        throw malformed(
          `The Body has a second element, ${element.name}. Send document/literal: exactly one element, the operation's.`,
        )
      this.operation = element
    } else parent?.children.push(element)
    if (this.stage === 'binary') this.#openInBinary(element, depth)
    else if (this.stage === 'body' && depth === 4 && this.operation) {
      if (this.binary)
        throw soapError(
          'invalid-request',
          `${this.binary.name} must be the last element of ${this.operation.name}.`,
          {
            field: this.binary.name,
          },
        )
      if (this.#isBinary(this.operation, element.name)) {
        this.binary = element
        this.stage = 'binary'
      }
    }
  }

  #openEnvelope(element: XmlElement): void {
    this.version = versionOfNamespace(element.namespace)
    if (element.name === 'Envelope' && this.version) return
    if (element.name !== 'Envelope')
      throw malformed(`The document's root is ${element.name}, not a SOAP Envelope.`)
    throw soapError(
      'soap-version-mismatch',
      `The envelope's namespace '${element.namespace.slice(0, 100)}' is neither SOAP 1.1 (${ENVELOPE_NAMESPACE['1.1']}) nor SOAP 1.2 (${ENVELOPE_NAMESPACE['1.2']}).`,
      { fault: 'VersionMismatch' },
    )
  }

  #openSection(element: OpenElement): void {
    const own = this.version !== undefined && element.namespace === ENVELOPE_NAMESPACE[this.version]
    if (own && element.name === 'Header' && this.stage === 'prolog') {
      this.stage = 'header'
      this.header = element.children
    } else if (own && element.name === 'Body' && (this.stage === 'prolog' || this.stage === 'header')) {
      this.stage = 'body'
    } else
      throw malformed(
        `The Envelope has an unexpected ${element.name}. It holds at most one Header and then one Body, in its own namespace.`,
      )
  }

  #openInBinary(element: XmlElement, depth: number): void {
    const isInclude = depth === 5 && element.name === 'Include' && element.namespace === XOP_NAMESPACE
    const href = element.attributes.get('href')
    if (!isInclude || this.include !== undefined) throw this.#notBase64(`an element ${element.name}`)
    if (href === undefined) throw malformed('The xop:Include has no href.')
    this.include = href
  }

  #addText(text: string): void {
    const element = this.#open.at(-1)
    if (!element || text === '') return
    if (this.stage === 'binary') {
      if (!isBlank(text)) throw this.#notBase64('text beside an xop:Include')
      return
    }
    if (this.#open.length < 3 && !isBlank(text))
      throw malformed(`There is text directly in the ${element.name}: '${text.trim().slice(0, 40)}'.`)
    element.text += text
    this.#assertLength('textChars', element.text, `the text of ${element.name}`)
  }

  #closeElement(): void {
    const element = this.#open.pop()
    if (element === this.binary && this.stage === 'binary') this.stage = 'body'
    if (this.#open.length === 0) {
      if (!this.operation)
        throw malformed('The envelope has no operation in its Body. The WSDL (GET ?wsdl) lists them.')
      this.stage = 'epilog'
    }
  }

  /**
   * Text, a comment and an attribute's value are told only when they end, and by then a sender without an end in mind
   * has had a megabyte read. So pieces that surely end none of them are counted before they are read.
   */
  #assertEnds(piece: string): void {
    const mayEnd = (this.#tagIsOpen ? /[<>&"']/ : /[<>&]/).test(piece)
    this.#untoldChars = mayEnd ? 0 : this.#untoldChars + piece.length
    const limit = this.#tagIsOpen ? 'attributeChars' : 'textChars'
    if (this.#untoldChars > this.#limits[limit])
      throw this.#over(limit, `characters in one ${this.#tagIsOpen ? 'attribute' : 'text'}`)
  }

  #assertLength(limit: 'nameChars' | 'attributeChars' | 'textChars', text: string, where: string): void {
    if (text.length > this.#limits[limit]) throw this.#over(limit, `characters in ${where}`)
  }

  #over(limit: keyof SoapLimits, of: string): Error {
    return overLimit(this.#limits, limit, 'The envelope', of)
  }

  #notBase64(what: string): Error {
    const field = this.binary?.name ?? 'The content'
    return soapError(
      'invalid-request',
      `${field} has ${what}. Send base64 as plain text, or one xop:Include.`,
      {
        field,
      },
    )
  }
}

/** A request that is not XML, or not SOAP. */
export const malformed = (message: string): Error => soapError('malformed-body', message)
