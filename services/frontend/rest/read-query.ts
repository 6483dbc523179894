import { z } from 'zod'
import { ReelmillError } from '#shared/errors.ts'
import { parseStrict, requestError } from '../shapes/parse-strict.ts'
import type { RestContext } from './route.ts'

/** The query, as strict as a body: a parameter that does not exist, or comes twice, is refused by name. */
export function readQuery<S extends z.ZodType>(ctx: RestContext, schema: S): z.output<S> {
  const query = { ...ctx.query }
  const twice = Object.keys(query).find((name) => Array.isArray(query[name]))
  return withoutSlashes(() => {
    if (twice !== undefined) {
      throw requestError([
        { pointer: `/${twice}`, code: 'invalid-request', message: 'comes twice; say it once' },
      ])
    }
    return parseStrict(schema, query)
  })
}

/** `limit` of a list. */
export const limit = z
  .string()
  .regex(/^\d{1,3}$/, 'must be a whole number from 1 to 200')
  .transform(Number)
  .pipe(z.number().min(1, 'must be from 1 to 200').max(200, 'must be from 1 to 200'))
  .optional()
  .meta({ description: '1 to 200', override: { type: 'integer', minimum: 1, maximum: 200 } })

/** `cursor` of a list. */
export const cursor = z
  .string()
  .min(1)
  .max(512)
  .optional()
  .describe('nextCursor of the page before, unchanged')

/** The header of requests that create something. Throws `invalid-request`. */
export function idempotencyKeyOf(ctx: RestContext): string | undefined {
  const given = ctx.req.headers['idempotency-key']
  if (given === undefined) return undefined
  if (typeof given === 'string' && /^[\x21-\x7e]{1,255}$/.test(given)) return given
  throw new ReelmillError(
    'invalid-request',
    'The Idempotency-Key must be 1 to 255 printable ASCII characters without spaces, such as a UUID.',
    { errors: [{ pointer: 'Idempotency-Key', code: 'invalid-request', message: 'is not a valid key' }] },
  )
}

export const idempotencyKeyHeader = z.object({
  'Idempotency-Key': z
    .string()
    .max(255)
    .optional()
    .describe('Repeating a request with the same key within 24 hours does nothing twice'),
})

/** Parameters are pointed to by their names alone. */
function withoutSlashes<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof ReelmillError)) throw error
    const errors = error.errors.map((each) => ({ ...each, pointer: each.pointer.replace(/^\//, '') }))
    throw new ReelmillError(error.code, error.message.replace(/^\//, 'The parameter '), {
      errors,
      cause: error,
    })
  }
}
