import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '#shared/clock.ts'
import { messageOf } from '#shared/errors.ts'
import type { Log } from '#shared/log.ts'
import { createRequestIds } from '../request-ids.ts'
import { authenticate, type LocalCredential, mayUse } from '../sigv4/authenticate.ts'
import { SigningKeys } from '../sigv4/signing-key.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { bodyOf } from './body-of.ts'
import { corsHeaders, preflight } from './cors.ts'
import { operationOf } from './operation-of.ts'
import { S3Error } from './s3-error.ts'
import type { S3Response } from './s3-operation.ts'
import { parseS3Request, type S3Request, withHoistedHeaders } from './s3-request.ts'
import { writeXml } from './xml.ts'

export interface S3ServerOptions {
  readonly store: ObjectStore
  readonly credentials: readonly LocalCredential[]
  /** Origins of pages that may call from a browser; `*` is any. A request still needs its signature. */
  readonly corsOrigins: readonly string[]
  readonly log: Log
  readonly clock: Clock
}

/** After an error, what a client still sends is read up to here, so that it gets to see the answer. */
const MOST_DRAINED_BYTES = 16 * 1024 ** 2
const IDLE_MS = 120_000

/** The HTTP face of the store. It is made, not started: the caller lets it listen, and closes it. */
export function createS3Server(options: S3ServerOptions): Server {
  const keys = new SigningKeys()
  const nextId = createRequestIds()
  const server = createServer((message, response) => void handle(message, response, false))
  server.on('checkContinue', (message, response) => void handle(message, response, true))
  // A movie may take hours to arrive, so only silence ends a request.
  server.requestTimeout = 0
  server.timeout = IDLE_MS
  server.keepAliveTimeout = 75_000
  return server

  /** Answers one request; never throws. */
  async function handle(message: IncomingMessage, response: ServerResponse, waiting: boolean): Promise<void> {
    const requestId = nextId()
    const common = {
      'x-amz-request-id': requestId,
      'x-amz-id-2': requestId,
      ...corsHeaders(message.headers.origin, options.corsOrigins),
    }
    let mayContinue = waiting
    const body = () => {
      if (mayContinue) response.writeContinue()
      mayContinue = false
      return bodyOf(message)
    }
    try {
      await send(message, response, common, await answer(message, body))
    } catch (error) {
      // A client that waits for 100 Continue and gets an error may or may not send its body: start afresh.
      const close = mayContinue ? { connection: 'close' } : {}
      await sendError(message, response, { ...common, ...close }, error, options.log)
    }
    drain(message)
  }

  async function answer(message: IncomingMessage, body: () => AsyncIterable<Buffer>): Promise<S3Response> {
    if (message.method === 'OPTIONS') return preflight(message.headers, options.corsOrigins)
    const received = parseS3Request(message)
    const identity = authenticate(received, {
      service: 's3',
      credentials: options.credentials,
      keys,
      nowMs: options.clock.now(),
      payloadHash: 'UNSIGNED-PAYLOAD',
    })
    const request = withHoistedHeaders(received)
    checkBucket(request, identity.credential)
    const operation = operationOf(request)
    return await operation({ request, identity, store: options.store, clock: options.clock, body })
  }
}

function checkBucket({ bucket }: S3Request, credential: LocalCredential): void {
  if (bucket !== '' && !mayUse(credential, bucket)) throw new S3Error('AccessDenied')
}

async function send(
  message: IncomingMessage,
  response: ServerResponse,
  common: Record<string, string>,
  answer: S3Response,
): Promise<void> {
  const { status, headers, body } = answer
  if (body !== undefined && typeof body === 'object' && 'stream' in body) {
    try {
      response.writeHead(status, { ...headers, ...common })
      await pipeline(body.stream, response)
    } finally {
      await body.close()
    }
    return
  }
  const length = lengthOf(status, body)
  // An answer to HEAD says how long the body would be.
  response.writeHead(status, { ...length, ...headers, ...common })
  response.end(message.method === 'HEAD' ? undefined : body)
}

/** Without it Node would send an empty body in chunks, which S3 does not, and which costs another write. */
function lengthOf(status: number, body: string | Uint8Array | undefined): { 'content-length'?: string } {
  if (body !== undefined) return { 'content-length': String(Buffer.byteLength(body)) }
  return status === 204 || status === 304 ? {} : { 'content-length': '0' }
}

async function sendError(
  message: IncomingMessage,
  response: ServerResponse,
  common: Record<string, string>,
  cause: unknown,
  log: Log,
): Promise<void> {
  const facts = {
    requestId: common['x-amz-request-id'],
    method: message.method,
    path: message.url?.split('?')[0],
  }
  if (response.headersSent || message.errored || response.destroyed) {
    // The client went away, or the body broke off after its headers: only an end without its length says so.
    log.debug({ ...facts, err: cause }, 'a request ended before its time')
    response.destroy()
    return
  }
  const error = cause instanceof S3Error ? cause : new S3Error('InternalError')
  if (error.status >= 500) log.error({ ...facts, err: cause }, 'a request failed')
  else log.debug({ ...facts, code: error.code, detail: messageOf(cause) }, 'a request was refused')
  const body = writeXml(
    'Error',
    [
      ['Code', error.code],
      ['Message', error.message],
      ...Object.entries(error.facts),
      ['Resource', facts.path],
      ['RequestId', common['x-amz-request-id']],
    ],
    '',
  )
  await send(message, response, common, {
    status: error.status,
    headers: { 'content-type': 'application/xml' },
    body,
  })
}

/** Reads on until the request is over, so that the connection can carry the next one. */
function drain(message: IncomingMessage): void {
  if (message.complete || message.destroyed) return
  let bytes = 0
  message.on('error', () => message.destroy())
  message.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MOST_DRAINED_BYTES) message.destroy()
  })
  message.resume()
}
