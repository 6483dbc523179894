import type { SimpleType } from '../contract/field.ts'

const INT_MAX = 2 ** 31 - 1
const DOUBLE = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?$/

export type SimpleOutcome =
  | { readonly ok: true; readonly value: string | number | boolean }
  /** `expected` completes "must be ...". */
  | { readonly ok: false; readonly expected: string }

/** Reads a simple value as XML Schema spells it. White space around anything but a string means nothing. */
export function readSimple(xsd: SimpleType, text: string): SimpleOutcome {
  if (xsd === 'string') return { ok: true, value: text }
  const value = text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')
  switch (xsd) {
    case 'int':
      return whole(value, INT_MAX, 'a whole number of at most 32 bits')
    case 'long':
      return whole(value, Number.MAX_SAFE_INTEGER, 'a whole number of at most 53 bits')
    case 'double':
      if (!DOUBLE.test(value) || !Number.isFinite(Number(value))) return { ok: false, expected: 'a number' }
      return { ok: true, value: Number(value) }
    case 'boolean':
      if (!/^(?:true|false|1|0)$/.test(value)) return { ok: false, expected: 'true or false' }
      return { ok: true, value: value === 'true' || value === '1' }
    case 'dateTime':
      if (!DATE_TIME.test(value) || Number.isNaN(Date.parse(value)))
        return { ok: false, expected: 'a time such as 2026-01-31T12:00:00Z' }
      return { ok: true, value: new Date(value).toISOString() }
    case 'base64Binary':
      return { ok: false, expected: 'left out here' }
    default:
      throw xsd satisfies never
  }
}

function whole(text: string, most: number, expected: string): SimpleOutcome {
  // From the text, not by parseInt: 9007199254740993 is not 9007199254740992, and 1e3 is no whole number in XML.
  const value = /^[+-]?\d{1,20}$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined
  const limit = BigInt(most)
  if (value === undefined || value > limit || value < -limit) return { ok: false, expected }
  return { ok: true, value: Number(value) }
}
