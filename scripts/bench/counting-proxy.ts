import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'

export interface CountedRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  /** What an SQS client calls, such as `ReceiveMessage`; undefined for S3. */
  readonly action?: string
}

export interface CountingProxy extends AsyncDisposable {
  readonly url: string
  /** Every request so far, in order. */
  readonly requests: readonly CountedRequest[]
}

/** Hands every request on to `target` and writes down what it was. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(target)
  const agent = new Agent({ keepAlive: true })
  const requests: CountedRequest[] = []
  const server = createServer((incoming, outgoing) => {
    const action = String(incoming.headers['x-amz-target'] ?? '')
      .split('.')
      .at(-1)
    requests.push({
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      ...(action && { action }),
    })
    // The signature covers the Host header, so it is handed on as it came.
    const { method, url, headers } = incoming
    const onward = request({ agent, hostname, port, method, path: url, headers })
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      pipeline(answer, outgoing).catch(() => outgoing.destroy()) // a side that went away: the other is told so
    })
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) onward.destroy()
    })
    pipeline(incoming, onward).catch(() => outgoing.destroy())
  })
  server.keepAliveTimeout = 75_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      agent.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
