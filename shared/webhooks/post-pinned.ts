import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { Destination } from '#shared/webhooks/check-destination.ts'

const MOST_ANSWER_BYTES = 16 * 1024

/**
 * POSTs `body` to a checked destination, connecting to the addresses that were checked and to no others: the name
 * is not resolved again, so it cannot change its mind (DNS rebinding). TLS still verifies the name. Redirects are
 * not followed. Answers the status, after reading as much of the answer as is worth it; rejects when there is none.
 */
export async function postPinned(
  destination: Destination,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<number> {
  const { url } = destination
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request: ClientRequest = send(url, {
    method: 'POST',
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    // A connection of its own for each delivery: a pooled one may lead to an address of an earlier check.
    agent: false,
    lookup: pinned(destination.addresses),
    signal,
  })
  request.once('response', resolve)
  request.once('error', reject)
  request.end(body)
  const response = await promise
  request.on('error', () => undefined) // the status is known; what happens to the rest does not matter
  try {
    await readSome(response)
  } finally {
    response.destroy()
  }
  return response.statusCode ?? 0
}

/** A resolver that knows only what was checked. Node asks for one address or, with `all`, for every one. */
function pinned(addresses: readonly string[]): NonNullable<RequestOptions['lookup']> {
  const known = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_host, options, callback) => {
    const [first] = known
    if (!first) callback(new Error('the address has no IP address'), '', 4)
    else if (options.all) callback(null, known)
    else callback(null, first.address, first.family)
  }
}

/** Lets a small answer end by itself, which is polite, and cuts a large or slow one off. */
async function readSome(response: IncomingMessage): Promise<void> {
  let left = MOST_ANSWER_BYTES
  try {
    for await (const chunk of response) {
      left -= (chunk as Buffer).length
      if (left <= 0) return
    }
  } catch {
    // The status has been received, and that is the answer; the body is only read to be polite.
  }
}
