import type { IncomingMessage } from 'node:http'
import { messageOf, ReelmillError } from '#shared/errors.ts'
import type { Limits } from '../operations/limits.ts'
import { beginBody } from './begin-body.ts'
import { checkKeys } from './check-keys.ts'
import type { RestContext } from './route.ts'

/**
 * The JSON in a request's body; `{}` when there is no body and `isOptional`. Strict: UTF-8 without errors, one
 * value, no name twice, none that would be the prototype of objects. `otherwise` ends the sentence about another
 * content type, where the operation reads one.
 *
 * Throws `unsupported-media-type`, `too-large`, `malformed-body`, `request-timeout`, `invalid-request`,
 * `unknown-field`.
 */
export async function readJson(
  ctx: RestContext,
  limits: Limits,
  options: { readonly isOptional?: boolean; readonly otherwise?: string } = {},
): Promise<unknown> {
  const { req } = ctx
  const length = req.headers['content-length']
  if (options.isOptional && (length === '0' || (!length && !req.headers['transfer-encoding']))) return {}
  if (!ctx.is('application/json')) {
    throw new ReelmillError(
      'unsupported-media-type',
      `The body is ${req.headers['content-type'] ?? 'of no stated type'}. Send JSON with Content-Type: application/json${options.otherwise ?? ''}.`,
    )
  }
  const encoding = req.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw new ReelmillError(
      'unsupported-media-type',
      `The body is encoded by ${encoding}. Send JSON as it is, without a Content-Encoding.`,
    )
  }
  if (Number(length ?? 0) > limits.maxBodyBytes) throw tooLarge(limits)
  beginBody(req, ctx.res)
  return parseJson(await readAll(req, limits))
}

/** Parses a JSON text as strictly as a body. `field` is where it stands, if it is not the body itself. */
export function parseJson(bytes: Uint8Array, field?: string): unknown {
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    value = JSON.parse(text)
  } catch (error) {
    const what = field === undefined ? 'The body' : `The field ${field}`
    throw new ReelmillError(
      'malformed-body',
      `${what} is not well-formed JSON in UTF-8 (${messageOf(error)}). Check its syntax.`,
      { cause: error },
    )
  }
  checkKeys(text, field === undefined ? [] : [field])
  return value
}

async function readAll(req: IncomingMessage, limits: Limits): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let bytes = 0
  // The request is not destroyed by this, or its answer would be lost with the connection.
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(tooSlow(limits)), limits.bodyMs)
  const body = req.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await Promise.race([body.next(), late.promise])
      if (done) return Buffer.concat(chunks)
      bytes += value.length
      if (bytes > limits.maxBodyBytes) throw tooLarge(limits)
      chunks.push(value)
    }
  } catch (error) {
    if (error instanceof ReelmillError) throw error
    throw new ReelmillError(
      'malformed-body',
      'The connection ended in the middle of the body. Send it again.',
      {
        cause: error,
        retry: 'same',
      },
    )
  } finally {
    clearTimeout(timer)
  }
}

const tooLarge = (limits: Limits) =>
  new ReelmillError(
    'too-large',
    `The body is larger than the ${limits.maxBodyBytes} bytes that JSON may have. ` +
      'Movies do not go into it: begin an upload with POST /v1/uploads, and PUT the movie to its contentUrl.',
    { facts: { mostBytes: limits.maxBodyBytes } },
  )

const tooSlow = (limits: Limits) =>
  new ReelmillError('request-timeout', `The body took longer than ${limits.bodyMs / 1000} s. Send it again.`)
