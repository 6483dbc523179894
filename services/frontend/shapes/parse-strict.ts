import { z } from 'zod'
import type { ErrorCode } from '#shared/error-codes.ts'
import { type FieldError, ReelmillError } from '#shared/errors.ts'
import { issueSentence } from './issue-sentence.ts'
import { fieldsAt, placesOf, schemaAt, unwrapped } from './schema-at.ts'
import { unknownName } from './unknown-name.ts'

/** Names and values that are reserved for later versions. `[]` in a path stands for any place in a list. */
export interface Reserved {
  /** Such as `inputs[].clips`. */
  readonly fields: readonly string[]
  /** Field -> values, such as `notify[].kind` -> `['sns']`. */
  readonly values: Readonly<Record<string, readonly string[]>>
}

const nothingReserved: Reserved = { fields: [], values: {} }

/**
 * Reads a request by `schema`, whose objects are strict. Null and an empty list mean absent. What is unknown or
 * reserved is never ignored: each problem is told with a JSON pointer.
 *
 * Throws `unknown-field`, else `invalid-request`, else `not-supported`, whichever comes first in this order.
 */
export function parseStrict<S extends z.ZodType>(
  schema: S,
  value: unknown,
  reserved: Reserved = nothingReserved,
): z.output<S> {
  const pruned = withoutAbsent(schema, value, reserved, '')
  const parsed = schema.safeParse(pruned, { error: issueSentence })
  if (parsed.success) return parsed.data
  const request: Request = { schema, reserved, sent: value, pruned }
  throw requestError(newsOf(parsed.error.issues).flatMap((issue) => fieldErrors(issue, request)))
}

// Explaining a name that does not exist costs far more than sending it, and nobody reads the hundredth.
const MOST_EXPLAINED = 100

interface Request {
  readonly schema: z.ZodType
  readonly reserved: Reserved
  /** As it came, and without what means absent. */
  readonly sent: unknown
  readonly pruned: unknown
}

/** What is wrong with a field that no schema knows: it is reserved, or it does not exist (and what does is told). */
export function strangeField(
  schema: z.ZodType,
  path: readonly PropertyKey[],
  reserved: Reserved = nothingReserved,
): FieldError {
  if (reserved.fields.includes(patternOf(path))) {
    return notSupported(path, 'is reserved for a later version; leave it out')
  }
  const name = String(path.at(-1))
  const message = unknownName(name, fieldsAt(schema, path.slice(0, -1)), placesOf(schema, name))
  return { pointer: pointerOf(path), code: 'unknown-field', message }
}

/** One error for a request with several problems: the gravest code leads, `errors` has them all. */
export function requestError(errors: readonly FieldError[]): ReelmillError {
  const code =
    severity.find((candidate) => errors.some((error) => error.code === candidate)) ?? 'invalid-request'
  const first = errors.find((error) => error.code === code)
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more, see errors)` : ''
  const where = first?.pointer || 'The body'
  return new ReelmillError(
    code,
    `${where}: ${(first?.message ?? 'is not valid').replace(/\.$/, '')}${more}.`,
    { errors },
  )
}

const severity: readonly ErrorCode[] = [
  'unknown-field',
  'invalid-request',
  'not-supported',
  'unknown-preset',
  'override-out-of-bounds',
]

/** `['outputs', 0, 'name']` as a JSON pointer (RFC 6901). */
export const pointerOf = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** Text in the place of a list is no list; zod goes on and says that it is too short as well. */
function newsOf(issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
  const ofWrongType = new Set<string>()
  return issues.filter(({ code, path }) => {
    const pointer = pointerOf(path)
    if (ofWrongType.has(pointer)) return false
    if (code === 'invalid_type') ofWrongType.add(pointer)
    return true
  })
}

function fieldErrors(issue: z.core.$ZodIssue, request: Request): FieldError[] {
  const { schema, reserved, pruned } = request
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key, index) => {
      const path = [...issue.path, key]
      if (index < MOST_EXPLAINED) return strangeField(schema, path, reserved)
      return { pointer: pointerOf(path), code: 'unknown-field', message: 'does not exist' }
    })
  }
  const found = at(pruned, issue.path)
  if (typeof found === 'string' && reserved.values[patternOf(issue.path)]?.includes(found)) {
    return [notSupported(issue.path, `"${found}" is reserved for a later version`)]
  }
  const message = found === undefined ? missing(issue.path, request) : issue.message
  return [{ pointer: pointerOf(issue.path), code: 'invalid-request', message }]
}

const notSupported = (path: readonly PropertyKey[], message: string): FieldError => ({
  pointer: pointerOf(path),
  code: 'not-supported',
  message,
})

/** Null and an empty list mean absent, which surprises whoever sent one: what came is said, and what should. */
function missing(path: readonly PropertyKey[], { schema, sent }: Request): string {
  const came = at(sent, path)
  const what = came === undefined ? 'is missing' : `is ${came === null ? 'null' : 'an empty list'}`
  const wanted = schemaAt(schema, path)?.description
  return wanted === undefined ? what : `${what}. It must be there: ${lowerFirst(wanted)}`
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

/** `inputs[].source.etag` for `['inputs', 0, 'source', 'etag']`. */
function patternOf(path: readonly PropertyKey[]): string {
  let pattern = ''
  for (const part of path) {
    if (typeof part === 'number') pattern += '[]'
    else pattern += (pattern === '' ? '' : '.') + String(part)
  }
  return pattern
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value
  for (const part of path) current = isRecord(current) ? current[String(part)] : undefined
  return current
}

/** Drops what means absent, but only where the field exists (or is reserved): an unknown name stays to be refused. */
function withoutAbsent(schema: z.ZodType, value: unknown, reserved: Reserved, pattern: string): unknown {
  const inner = unwrapped(schema)
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    const element = inner.element as z.ZodType
    return value.map((item) => withoutAbsent(element, item, reserved, `${pattern}[]`))
  }
  if (!(inner instanceof z.ZodObject) || !isRecord(value) || Array.isArray(value)) return value
  const shape: Readonly<Record<string, z.ZodType>> = inner.shape
  const kept: [string, unknown][] = []
  for (const [key, child] of Object.entries(value)) {
    const childPattern = pattern === '' ? key : `${pattern}.${key}`
    const field = Object.hasOwn(shape, key) ? shape[key] : undefined
    const exists = field !== undefined || reserved.fields.includes(childPattern)
    if (exists && (child === null || (Array.isArray(child) && child.length === 0))) continue
    kept.push([key, field ? withoutAbsent(field, child, reserved, childPattern) : child])
  }
  return Object.fromEntries(kept)
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
