import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ReelmillError } from '#shared/errors.ts'
import { createFrontend, type Frontend, type FrontendDependencies } from './app.ts'
import { holdContinue } from './rest/begin-body.ts'

export interface StartedFrontend extends Frontend {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string
  /** Resolves when no request is under way, or `deadline` is aborted. */
  finish(deadline: AbortSignal): Promise<void>
  /** Hangs up on everyone. Safe to call twice. */
  close(): Promise<void>
}

const HEADERS_MS = 30_000
// Longer than the idle time of load balancers (60 s is usual), or they would use a connection that just closes.
const KEEP_ALIVE_MS = 75_000

/** Listens and serves. Port 0 takes a free one. Throws `configuration-invalid` when the port cannot be had. */
export async function startFrontend(
  dependencies: FrontendDependencies,
  where: { readonly host: string; readonly port: number },
): Promise<StartedFrontend> {
  const server = createServer({
    // A movie may take hours; those who send too slowly are found while their bodies are read.
    requestTimeout: 0,
    headersTimeout: HEADERS_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  })
  const url = await listen(server, where.host, where.port)
  const frontend = createFrontend(dependencies, dependencies.settings.publicUrl ?? url)
  const handle = frontend.app.callback()
  server.on('request', (req, res) => void handle(req, res))
  // Refusing before the body is sent saves the client from sending it.
  server.on('checkContinue', (req, res) => {
    holdContinue(req)
    void handle(req, res)
  })
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
    return closed
  }
  return { ...frontend, url, finish: (deadline) => untilIdle(server, deadline), close }
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new ReelmillError(
          'configuration-invalid',
          `The frontend cannot listen on ${host}:${port} (${cause.message}). Free the port or set REELMILL_PORT.`,
          { cause },
        ),
      ),
    )
    server.listen(port, host, () => {
      const { port: taken } = server.address() as AddressInfo
      // "Everywhere" is no place that a client could go to.
      const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
      resolve(`http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${taken}`)
    })
  })
}

/** Takes no more connections and waits until those that are open have been answered. */
function untilIdle(server: Server, deadline: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    if (deadline.aborted) resolve()
    else deadline.addEventListener('abort', () => resolve(), { once: true })
  })
}
