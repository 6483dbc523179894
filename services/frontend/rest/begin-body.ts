import type { IncomingMessage, ServerResponse } from 'node:http'

const waiting = new WeakSet<IncomingMessage>()

/** Remembers that the client sent `Expect: 100-continue`: it sends its body only when told to. */
export function holdContinue(req: IncomingMessage): void {
  waiting.add(req)
}

/** True while such a client has not been told to send. */
export const isAwaitingContinue = (req: IncomingMessage): boolean => waiting.has(req)

/** Tells a client that waits for it to send its body. Called when nothing speaks against the request any more. */
export function beginBody(req: IncomingMessage, res: ServerResponse): void {
  if (waiting.delete(req)) res.writeContinue()
}
