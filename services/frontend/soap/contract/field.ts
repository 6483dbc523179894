/** The XML Schema type of a value. `long` stays within 2^53: JSON and JavaScript have no more. */
export type SimpleType = 'string' | 'int' | 'long' | 'double' | 'boolean' | 'dateTime' | 'base64Binary'

export type FieldType =
  | { readonly kind: 'simple'; readonly xsd: SimpleType }
  | { readonly kind: 'type'; readonly type: string }
  /** An element `ArrayOfX` that holds any number of `X`. */
  | { readonly kind: 'list'; readonly item: ItemType }
  /** A map of strings: `ArrayOfEntry` of `Entry {Key, Value}`. */
  | { readonly kind: 'map' }

export type ItemType =
  | { readonly kind: 'simple'; readonly xsd: SimpleType }
  | { readonly kind: 'type'; readonly type: string }

/** One element of a sequence, and the REST field that it mirrors. */
export interface Field {
  /** As REST spells it: camelCase. */
  readonly rest: string
  /** As SOAP spells it: PascalCase. */
  readonly name: string
  readonly type: FieldType
  readonly required: boolean
  /** One sentence for the WSDL. Also the only place where a value's meaning is explained to a SOAP client. */
  readonly doc?: string
}

/** A named complex type: a sequence that only ever grows at its end. */
export interface ComplexType {
  readonly name: string
  readonly fields: readonly Field[]
  readonly doc?: string
}

export const pascalCase = (rest: string): string => rest.charAt(0).toUpperCase() + rest.slice(1)

export const text = (rest: string, doc?: string): Field => simple(rest, 'string', doc)
export const int = (rest: string, doc?: string): Field => simple(rest, 'int', doc)
export const long = (rest: string, doc?: string): Field => simple(rest, 'long', doc)
export const double = (rest: string, doc?: string): Field => simple(rest, 'double', doc)
export const bool = (rest: string, doc?: string): Field => simple(rest, 'boolean', doc)
export const time = (rest: string, doc?: string): Field => simple(rest, 'dateTime', doc)
export const binary = (rest: string, doc?: string): Field => simple(rest, 'base64Binary', doc)
export const one = (rest: string, type: string, doc?: string): Field =>
  field(rest, { kind: 'type', type }, doc)
export const listOf = (rest: string, type: string, doc?: string): Field =>
  field(rest, { kind: 'list', item: { kind: 'type', type } }, doc)
export const texts = (rest: string, doc?: string): Field =>
  field(rest, { kind: 'list', item: { kind: 'simple', xsd: 'string' } }, doc)
export const map = (rest: string, doc?: string): Field => field(rest, { kind: 'map' }, doc)

/** The same field, required. */
export const required = (given: Field): Field => ({ ...given, required: true })

/** The element inside `ArrayOfX`. */
export const itemName = (item: ItemType): string => (item.kind === 'type' ? item.type : pascalCase(item.xsd))

/** The type of a list's element: `ArrayOfInput`, `ArrayOfString`. */
export const arrayName = (item: ItemType): string => `ArrayOf${itemName(item)}`

const simple = (rest: string, xsd: SimpleType, doc?: string): Field =>
  field(rest, { kind: 'simple', xsd }, doc)

const field = (rest: string, type: FieldType, doc?: string): Field => ({
  rest,
  name: pascalCase(rest),
  type,
  required: false,
  ...(doc !== undefined && { doc }),
})
