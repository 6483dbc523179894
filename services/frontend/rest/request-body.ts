import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { ReelmillError } from '#shared/errors.ts'

/**
 * A request's bytes as a stream, whose failure does not destroy the connection (the answer must still go out).
 * It fails with `request-timeout` when the client sends nothing for `idleMs`; time in which nobody reads, because
 * the store is slow, does not count. When the client goes away it fails with the connection's error.
 */
export function requestBody(req: IncomingMessage, idleMs: number): Readable {
  return Readable.from(chunks(req, idleMs), { objectMode: false })
}

async function* chunks(req: IncomingMessage, idleMs: number): AsyncGenerator<Buffer> {
  const body = req.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]()
  for (;;) {
    const stalled = Promise.withResolvers<never>()
    const timer = setTimeout(() => stalled.reject(tooSlow(idleMs)), idleMs)
    const next = await Promise.race([body.next(), stalled.promise]).finally(() => clearTimeout(timer))
    if (next.done) return
    yield next.value
  }
}

const tooSlow = (idleMs: number) =>
  new ReelmillError(
    'request-timeout',
    `Nothing arrived for ${idleMs / 1000} s. Send the request again over a better connection.`,
  )
