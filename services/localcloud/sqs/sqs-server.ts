import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import { createRequestIds } from '../request-ids.ts'
import { S3Error } from '../s3/s3-error.ts'
import { parseQuery } from '../s3/s3-request.ts'
import { authenticate, type LocalCredential } from '../sigv4/authenticate.ts'
import { SigningKeys } from '../sigv4/signing-key.ts'
import { SqsActions } from './sqs-actions.ts'
import { SqsError } from './sqs-error.ts'

export interface SqsServerOptions {
  readonly credentials: readonly LocalCredential[]
  readonly log: Log
  readonly clock: Clock
  /** Ends every long poll when it is aborted. */
  readonly stopping: AbortSignal
}

/** Ten messages of 1 MiB cannot be; SQS's limit of a request is 1 MiB of messages. */
const MOST_BODY_BYTES = 2 * 1024 ** 2

/** SQS in its JSON protocol (`x-amz-json-1.0`). It is made, not started. */
export function createSqsServer(options: SqsServerOptions): Server {
  const keys = new SigningKeys()
  const nextId = createRequestIds()
  const actions = new SqsActions(options.clock)
  const server = createServer((message, response) => void handle(message, response))
  server.keepAliveTimeout = 75_000
  return server

  /** Answers one request; never throws. */
  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = nextId()
    const gone = new AbortController()
    response.on('close', () => gone.abort(new Error('the client went away')))
    try {
      const body = await readBody(message)
      checkSignature(message, body)
      const target = String(message.headers['x-amz-target'] ?? '')
      const result = await actions.call(target.replace(/^AmazonSQS\./, ''), parseJson(body), {
        baseUrl: `http://${message.headers.host ?? 'localhost'}`,
        signal: AbortSignal.any([gone.signal, options.stopping]),
      })
      respond(response, 200, requestId, result ?? {})
    } catch (cause) {
      const error = toSqsError(cause)
      if (message.destroyed && !message.complete) return
      if (error.status >= 500) options.log.error({ requestId, err: cause }, 'a request to the queue failed')
      else options.log.debug({ requestId, code: error.code }, 'a request to the queue was refused')
      response.setHeader('x-amzn-query-error', error.queryError)
      respond(response, error.status, requestId, {
        __type: `com.amazonaws.sqs#${error.code}`,
        message: error.message,
      })
    }
  }

  function checkSignature(message: IncomingMessage, body: Buffer): void {
    const [rawPath = '/', query = ''] = (message.url ?? '/').split('?')
    authenticate(
      { method: message.method ?? 'GET', rawPath, query: parseQuery(query), headers: message.headers },
      {
        service: 'sqs',
        credentials: options.credentials,
        keys,
        nowMs: options.clock.now(),
        payloadHash: createHash('sha256').update(body).digest('hex'),
      },
    )
  }
}

function respond(response: ServerResponse, status: number, requestId: string, result: object): void {
  const text = JSON.stringify(result)
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(text),
    'x-amzn-requestid': requestId,
  })
  response.end(text)
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of message) {
    bytes += chunk.length
    if (bytes > MOST_BODY_BYTES) throw new SqsError('InvalidParameterValue', 'The request is too large.', 413)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8') || '{}')
  } catch {
    throw new SqsError('InvalidParameterValue', 'The body of the request is not JSON.')
  }
}

function toSqsError(cause: unknown): SqsError {
  if (cause instanceof SqsError) return cause
  if (!(cause instanceof S3Error))
    return new SqsError('InternalError', 'The queue failed. Please try again.', 500)
  // Signatures are checked by the same code for both; only the names of the refusals differ.
  if (cause.code === 'InvalidAccessKeyId') {
    return new SqsError('InvalidClientTokenId', 'The security token included in the request is invalid.', 403)
  }
  const code = cause.code === 'AccessDenied' ? 'AccessDenied' : 'SignatureDoesNotMatch'
  return new SqsError(code, cause.message, 403)
}
