import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Middleware } from 'koa'
import { isAwaitingContinue } from '../begin-body.ts'
import type { RequestState } from '../route.ts'

// A client that is still sending does not see an answer if its connection is reset meanwhile; many read nothing
// before they have sent all. So a little more is read and thrown away, and then we hang up.
const MOST_BYTES = 32 * 2 ** 20
const MOST_MS = 2_000
const SILENT_MS = 200

/**
 * Lets the client see the answer to a request whose body was not read to its end, in most cases a refusal. The answer
 * goes out at once, and what the client still sends is read meanwhile. Where the connection ends with the answer,
 * Node would end it with what was not read, so there the reading comes first.
 */
export function unreadBody(): Middleware<RequestState> {
  return async (ctx, next) => {
    await next()
    const { req, res } = ctx
    if (req.complete || req.destroyed || !hasBody(req)) return
    // Whether the body comes now or not at all is the client's to choose: nothing may follow on this connection.
    if (isAwaitingContinue(req)) ctx.set('Connection', 'close')
    else if (res.shouldKeepAlive) readOn(req, res)
    else await drain(req, SILENT_MS)
  }
}

const hasBody = (req: IncomingMessage): boolean =>
  req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0

/** Begins before the answer goes out: of a body of which nothing was read by then, Node takes all without a count. */
function readOn(req: IncomingMessage, res: ServerResponse): void {
  const drained = drain(req, MOST_MS)
  res.once('finish', async () => {
    await drained
    if (!req.complete) req.destroy()
  })
}

function drain(req: IncomingMessage, silentMs: number): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0
    const timer = setTimeout(finish, MOST_MS)
    const silence = setTimeout(finish, silentMs)
    const onData = (chunk: Buffer) => {
      bytes += chunk.length
      silence.refresh()
      if (bytes > MOST_BYTES) finish()
    }
    function finish(): void {
      clearTimeout(timer)
      clearTimeout(silence)
      req.off('data', onData).off('end', finish).off('close', finish).off('error', finish)
      req.pause()
      resolve()
    }
    // An iterator that was left in the middle still listens for 'readable', and while it does nothing flows.
    req.removeAllListeners('readable')
    req.on('data', onData).on('end', finish).on('close', finish).on('error', finish)
    req.resume()
  })
}
