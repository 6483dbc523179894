import type { IncomingMessage } from 'node:http'
import { ReelmillError } from '#shared/errors.ts'
import type { Limits } from '../operations/limits.ts'
import { requestError } from '../shapes/parse-strict.ts'
import { beginBody } from './begin-body.ts'
import type { RestContext } from './route.ts'

/**
 * The JSON in a request's body; `{}` when there is no body and `isOptional`. Strict: UTF-8 without errors, one
 * value, no field that would name the prototype of objects.
 *
 * Throws `unsupported-media-type`, `too-large`, `malformed-body`, `request-timeout`, `unknown-field`.
 */
export async function readJson(
  ctx: RestContext,
  limits: Limits,
  options: { readonly isOptional?: boolean } = {},
): Promise<unknown> {
  const { req } = ctx
  const length = req.headers['content-length']
  if (options.isOptional && (length === '0' || (!length && !req.headers['transfer-encoding']))) return {}
  if (!ctx.is('application/json')) {
    throw new ReelmillError(
      'unsupported-media-type',
      `The body is ${req.headers['content-type'] ?? 'of no stated type'}. Send JSON with Content-Type: application/json.`,
    )
  }
  if (Number(length ?? 0) > limits.maxBodyBytes) throw tooLarge(limits)
  beginBody(req, ctx.res)
  return parseJson(await readAll(req, limits))
}

/** Parses a JSON text as strictly as a body. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes), refusePrototypes)
  } catch (error) {
    if (error instanceof ReelmillError) throw error
    throw new ReelmillError(
      'malformed-body',
      'The body is not well-formed JSON in UTF-8. Check its syntax.',
      {
        cause: error,
      },
    )
  }
}

function refusePrototypes(key: string, value: unknown): unknown {
  if (key !== '__proto__') return value
  throw requestError([{ pointer: '/__proto__', code: 'unknown-field', message: 'does not exist' }])
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
  new ReelmillError('too-large', `The body is larger than the ${limits.maxBodyBytes} bytes allowed.`, {
    facts: { mostBytes: limits.maxBodyBytes },
  })

const tooSlow = (limits: Limits) =>
  new ReelmillError('request-timeout', `The body took longer than ${limits.bodyMs / 1000} s. Send it again.`)
