import type { z } from 'zod'

const MOST_SHOWN = 40

/**
 * What is wrong with a value, as the end of a sentence that begins with its place: zod's own words are for
 * programmers. Where a schema brings its own words, zod does not ask for these.
 */
export function issueSentence(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kinds[issue.expected] ?? issue.expected}, not ${shown(issue.input)}`
    case 'invalid_value':
      return `must be ${oneOf(issue.values)}, not ${shown(issue.input)}`
    case 'too_small':
      return tooSmall(issue)
    case 'too_big':
      return tooBig(issue)
    case 'invalid_key':
    case 'invalid_element':
      return String(issue.issues[0]?.message ?? 'is not valid')
    default:
      return 'is not of the form that it must have'
  }
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
}

function tooSmall({ origin, minimum, inclusive }: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall>): string {
  if (origin === 'string')
    return minimum === 1 ? 'must not be empty' : `must have at least ${minimum} letters`
  if (origin === 'array') return `must hold at least ${minimum}`
  return `must be ${inclusive === false ? 'more than' : 'at least'} ${minimum}`
}

function tooBig({ origin, maximum, inclusive, input }: z.core.$ZodRawIssue<z.core.$ZodIssueTooBig>): string {
  if (origin === 'string' && typeof input === 'string') {
    return `must have at most ${maximum} letters, not ${input.length}`
  }
  if (origin === 'array' && Array.isArray(input)) return `must hold at most ${maximum}, not ${input.length}`
  return `must be ${inclusive === false ? 'less than' : 'at most'} ${maximum}`
}

function oneOf(values: readonly unknown[]): string {
  const texts = values.map(String)
  if (texts.length <= 2) return texts.join(' or ')
  return `one of ${texts.join(', ')}`
}

/** A value as far as it helps: what is long or nested is told by its kind. */
function shown(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'absent'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  const text = JSON.stringify(value)
  return text.length <= MOST_SHOWN ? text : `${[...text].slice(0, MOST_SHOWN).join('')}..."`
}
