import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { basicAuthorization } from '../stack/basic-authorization.ts'

export interface SoapAnswer {
  readonly status: number
  readonly body: string
  /** From the first byte sent until the answer began. */
  readonly ms: number
}

export interface SoapSender extends Disposable {
  /** POSTs an envelope to the SOAP door. */
  call(body: string): Promise<SoapAnswer>
  /** A GET of REST, by the same key. */
  get(path: string): Promise<SoapAnswer>
  /** Any request whose bytes are all known, or come from `body`; connections are kept and used again. */
  send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string | number>>,
    body: Iterable<Buffer>,
  ): Promise<SoapAnswer>
}

/** A client that costs as little as can be: what is measured is the service. */
export function soapSender(service: {
  readonly url: string
  readonly key: string
  readonly signal: AbortSignal
}): SoapSender {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  const authorization = basicAuthorization(service.key)
  const send: SoapSender['send'] = async (method, path, headers, body) => {
    const startedMs = performance.now()
    const sending = request(new URL(path, service.url), {
      method,
      agent,
      headers,
      signal: service.signal,
    })
    let answer: IncomingMessage | undefined
    const answered = once(sending, 'response').then(([first]: IncomingMessage[]) => {
      answer = first
      return performance.now() - startedMs
    })
    // Awaited below; until then its failure must not count as nobody's.
    answered.catch(() => {})
    // The service hangs up on what it has refused; before its answer that fails the wait above.
    sending.on('error', () => {})
    for (const bytes of body) {
      // A refusal comes while the sender is still at it, and must be read before a write finds the connection closed.
      await nextTurn()
      if (answer !== undefined) break
      if (!sending.write(bytes)) await Promise.race([once(sending, 'drain'), answered])
    }
    const early = answer !== undefined
    if (!early) sending.end()
    const ms = await answered
    if (!answer) throw new Error('a response without a message')
    const said = await text(answer)
    if (early) sending.destroy()
    return { status: answer.statusCode ?? 0, body: said, ms }
  }
  return {
    send,
    call: (body) => {
      const bytes = Buffer.from(body)
      const headers = { authorization, 'content-type': 'text/xml', 'content-length': bytes.length }
      return send('POST', '/soap', headers, inPieces(bytes))
    },
    get: (path) => send('GET', path, { authorization: `Bearer ${service.key}` }, []),
    [Symbol.dispose]: () => agent.destroy(),
  }
}

/** An envelope of SOAP 1.1 around the content of its Body. */
export const soapEnvelope = (body: string): string =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`

const PIECE_BYTES = 256 * 1024
/** Whole groups of base64, and whole pieces of a socket's buffer. Made once, or making it is what is measured. */
const block = randomBytes(3 * PIECE_BYTES)
const encodedBlock = Buffer.from(block.toString('base64'))

/** `size` bytes of a movie, as they are or as base64. */
export function* movieBytes(size: number, form: 'binary' | 'base64'): Generator<Buffer, void> {
  for (let left = size; left > 0; left -= block.length) {
    const plain = left >= block.length ? block : block.subarray(0, left)
    if (form === 'binary') yield plain
    else yield plain === block ? encodedBlock : Buffer.from(plain.toString('base64'))
  }
}

function* inPieces(bytes: Buffer): Generator<Buffer, void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES)
}
