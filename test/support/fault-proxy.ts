import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** What befalls one request on its way. */
export type ProxyFault =
  | { readonly kind: 'pass' }
  /** Answered by the proxy itself; the target never sees it. */
  | { readonly kind: 'status'; readonly status: 500 | 503; readonly code: string }
  /** Handed on whole after `ms`, even if the client has gone away by then. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Kept until `until` resolves, then handed on whole, even if the client has gone away by then. */
  | { readonly kind: 'held'; readonly until: Promise<void> }
  /** Carried out by the target, and the answer kept until `until` resolves. */
  | { readonly kind: 'answer-held'; readonly until: Promise<void> }
  /** The connection is cut after so many bytes of the answer's body. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Carried out by the target, but the answer never arrives: the connection is cut instead. */
  | { readonly kind: 'answer-lost' }

export interface FaultProxy {
  readonly url: string
  /** Decides for each request; everything passes until it is set. */
  fault: (request: { readonly method: string; readonly path: string }) => ProxyFault
  /** How many requests met a fault. */
  readonly struck: number
  /** What the target answered to requests that met a fault, in order. */
  readonly statuses: readonly number[]
  /** Resolves when no request is on its way any more, late ones included. */
  idle(): Promise<void>
  close(): Promise<void>
}

/** An HTTP proxy between a service and its store, on loopback, that does to requests what networks and stores do. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target)
  let struck = 0
  const statuses: number[] = []
  const underWay = new Set<Promise<void>>()
  const server = createServer((incoming, outgoing) => {
    const fault = proxy.fault({ method: incoming.method ?? '', path: incoming.url ?? '' })
    if (fault.kind !== 'pass') struck++
    const onAnswer = (status: number) => void (fault.kind !== 'pass' && statuses.push(status))
    const carried = carry(incoming, outgoing, fault, { hostname, port, onAnswer })
      .catch(() => void outgoing.destroy()) // to the client a broken target is a broken connection
      .finally(() => underWay.delete(carried))
    underWay.add(carried)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: () => ({ kind: 'pass' }),
    get struck() {
      return struck
    },
    statuses,
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

async function carry(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: ProxyFault,
  target: { readonly hostname: string; readonly port: string; onAnswer(status: number): void },
): Promise<void> {
  if (fault.kind === 'status') {
    incoming.resume()
    outgoing.writeHead(fault.status, { 'content-type': 'application/xml', connection: 'close' })
    outgoing.end(`<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>a fault</Message></Error>`)
    return
  }
  const late = fault.kind === 'slow' || fault.kind === 'held' ? await buffer(incoming) : undefined
  if (fault.kind === 'slow') await delay(fault.ms)
  if (fault.kind === 'held') await fault.until
  const { promise: answered, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  // The signature covers the Host header, so it is handed on as it came.
  const onward = request({
    hostname: target.hostname,
    port: target.port,
    method: incoming.method,
    path: incoming.url,
    headers: incoming.headers,
  })
  onward.on('response', resolve).on('error', reject)
  outgoing.on('close', () => {
    if (!late && !outgoing.writableFinished) onward.destroy()
  })
  if (late) onward.end(late)
  else pipeline(incoming, onward).catch(reject)
  const answer = await answered
  target.onAnswer(answer.statusCode ?? 0)
  if (fault.kind === 'answer-held') await fault.until
  if (fault.kind === 'answer-lost') {
    answer.resume()
    outgoing.destroy()
    return
  }
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
  if (fault.kind !== 'reset') return pipeline(answer, outgoing)
  let left = fault.afterBytes
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    outgoing.write(chunk.subarray(0, left))
    left -= chunk.length
    if (left <= 0) break
  }
  outgoing.destroy()
}
