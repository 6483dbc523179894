import { type Field, type FieldType, itemName } from '../contract/field.ts'
import { fieldsOf } from '../contract/types.ts'
import type { Tokens } from './tokens.ts'

/** A value as REST and the operations have it: JSON. */
export type RestValue = Record<string, unknown>

/** What the codec decoded, in REST's names and shapes: lists as arrays, maps as objects, absent fields left out. */
export function toRest(fields: readonly Field[], decoded: unknown, tokens: Tokens): RestValue {
  const given = asRecord(decoded)
  const rest: [string, unknown][] = []
  for (const field of fields) {
    const value = given[field.name]
    if (value !== undefined && value !== null) rest.push([field.rest, restOf(field.type, value, tokens)])
  }
  return Object.fromEntries(rest)
}

function restOf(type: FieldType, value: unknown, tokens: Tokens): unknown {
  switch (type.kind) {
    case 'simple':
      if (type.xsd === 'string') return tokens.textOf(value)
      return value instanceof Date ? value.toISOString() : value
    case 'type':
      return toRest(fieldsOf(type.type), value, tokens)
    case 'list':
      return asArray(asRecord(value)[itemName(type.item)]).map((item) =>
        // An empty element of a list decodes to nothing, and is an empty text or object.
        item === undefined ? emptyOf(type.item) : restOf(type.item, item, tokens),
      )
    case 'map':
      return Object.fromEntries(
        asArray(asRecord(value).Entry).map((entry) => {
          const { Key, Value } = asRecord(entry)
          return [tokens.textOf(Key), Value === undefined ? '' : tokens.textOf(Value)]
        }),
      )
    default:
      throw type satisfies never
  }
}

/** A REST value in the names and shapes that the codec encodes, texts as tokens. Fields that SOAP lacks are dropped. */
export function toSoap(fields: readonly Field[], rest: unknown, tokens: Tokens): Record<string, unknown> {
  const given = asRecord(rest)
  const soap: [string, unknown][] = []
  for (const field of fields) {
    const value = given[field.rest]
    if (value !== undefined && value !== null) soap.push([field.name, soapOf(field.type, value, tokens)])
  }
  return Object.fromEntries(soap)
}

function soapOf(type: FieldType, value: unknown, tokens: Tokens): unknown {
  switch (type.kind) {
    case 'simple':
      return type.xsd === 'string' || type.xsd === 'base64Binary' ? tokens.keep(String(value)) : value
    case 'type':
      return toSoap(fieldsOf(type.type), value, tokens)
    case 'list':
      return { [itemName(type.item)]: asArray(value).map((item) => soapOf(type.item, item, tokens)) }
    case 'map':
      return {
        Entry: Object.entries(asRecord(value)).map(([key, text]) => ({
          Key: tokens.keep(key),
          Value: tokens.keep(String(text)),
        })),
      }
    default:
      throw type satisfies never
  }
}

/**
 * Where REST's JSON pointer lies in the request's elements: `/outputs/1/preset` is
 * `Outputs/OutputRequest[2]/Preset`. Goes as deep as the contract does; `undefined` when not even one step.
 */
export function elementPath(fields: readonly Field[], pointer: string): string | undefined {
  const steps = pointer.split('/').slice(1)
  const path: string[] = []
  let within = fields
  while (steps.length > 0) {
    const rest = steps.shift()
    const field = within.find((each) => each.rest === rest)
    if (!field) break
    path.push(field.name)
    const { type } = field
    if (type.kind === 'list' && steps.length > 0) {
      path.push(`${itemName(type.item)}[${Number(steps.shift()) + 1}]`)
      within = type.item.kind === 'type' ? fieldsOf(type.item.type) : []
    } else within = type.kind === 'type' ? fieldsOf(type.type) : []
  }
  return path.length === 0 ? undefined : path.join('/')
}

const emptyOf = (item: FieldType): unknown => (item.kind === 'simple' ? '' : {})

const asArray = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
