import type { Context, Middleware } from 'koa'
import { ReelmillError } from '#shared/errors.ts'
import type { Log } from '#shared/log.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import { answerCall, type CallOutcome } from './answer-call.ts'
import { StrongSoapCodec } from './codec/strong-soap-codec.ts'
import { wsdlDocument } from './contract/wsdl.ts'
import { soapPage } from './reply/page.ts'
import type { Credentials } from './security/username-token.ts'
import type { SoapLimits } from './soap-limits.ts'
import type { SoapOperations } from './soap-operations.ts'

/** What the middlewares before this one leave in the state. */
export interface SoapState {
  requestId: string
  log: Log
  caller?: Caller
  /** Why the call was refused, with REST's status for it. */
  fault?: { readonly code: string; readonly status: number }
}

export interface SoapDependencies {
  readonly limits: SoapLimits
  readonly operations: SoapOperations
  /** Left out, the first call opens one, which takes the better part of a second. */
  readonly codec?: StrongSoapCodec | undefined
  /** Where clients reach this service, without a slash at the end; left out, where the request was sent. */
  readonly publicUrl?: string | undefined
  /**
   * Who the credentials belong to. Throws `unauthenticated`, and `rate-limited` for a caller, or an address that
   * keeps guessing.
   */
  authenticate(credentials: Credentials, address: string): Promise<Caller>
  /** Tells a client that waits for it to send its body. */
  beginBody(ctx: Pick<Context, 'req' | 'res'>): void
}

const PATH = '/soap'

/**
 * The SOAP room as one Koa middleware: `POST /soap` is a call, `GET /soap?wsdl` and `?wsdl11` the contract,
 * `GET /soap` a page for people. Everything else goes on to the next middleware.
 */
export function soapMiddleware(dependencies: SoapDependencies): Middleware<SoapState> {
  let codec = dependencies.codec && Promise.resolve(dependencies.codec)
  return async (ctx, next) => {
    if (ctx.path !== PATH && ctx.path !== `${PATH}/`) return next()
    const publicUrl = dependencies.publicUrl ?? originOf(ctx)
    switch (ctx.method) {
      case 'GET':
      case 'HEAD':
        return show(ctx, publicUrl)
      case 'POST': {
        codec ??= openSoapCodec()
        const gone = new AbortController()
        ctx.res.once('close', () => {
          // One of ours, since what it stops fails with it: a client that leaves is no defect.
          if (!ctx.res.writableFinished)
            gone.abort(new ReelmillError('request-timeout', 'The client left before it was answered.'))
        })
        const outcome = await answerCall(
          {
            request: ctx.req,
            requestId: ctx.state.requestId,
            publicUrl,
            signal: gone.signal,
            beginBody: () => dependencies.beginBody(ctx),
          },
          {
            codec: await codec,
            limits: dependencies.limits,
            operations: dependencies.operations,
            authenticate: (credentials) => dependencies.authenticate(credentials, ctx.ip),
          },
        )
        return answer(ctx, outcome)
      }
      default:
        ctx.set('Allow', 'GET, HEAD, POST')
        throw new ReelmillError(
          'method-not-allowed',
          `${PATH} takes POST for calls, and GET for the WSDL (?wsdl).`,
        )
    }
  }
}

/** What a frontend opens before it is ready. The codec does not care for the address. */
export const openSoapCodec = (): Promise<StrongSoapCodec> =>
  StrongSoapCodec.open(wsdlDocument(`http://localhost${PATH}`, 'both'))

/** Where the client reached us, by its Host header (or a trusted proxy's); without a plain one, where we listen. */
function originOf(ctx: Context): string {
  if (/^[A-Za-z0-9._-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/.test(ctx.host))
    return `${ctx.protocol}://${ctx.host}`
  return `http://127.0.0.1:${ctx.socket.localPort ?? 80}`
}

function show(ctx: Context, publicUrl: string): void {
  const asked = ctx.querystring.toLowerCase().replace(/[=&].*$/, '')
  const address = publicUrl + PATH
  ctx.set('Cache-Control', 'no-cache')
  if (asked === 'wsdl' || asked === 'wsdl11') {
    ctx.type = 'text/xml; charset=utf-8'
    ctx.body = wsdlDocument(address, asked === 'wsdl' ? 'both' : '1.1')
  } else {
    ctx.type = 'text/html; charset=utf-8'
    ctx.body = soapPage(address)
  }
}

function answer(ctx: Context & { readonly state: SoapState }, outcome: CallOutcome): void {
  const { state } = ctx
  const { reply, fault, operation, caller, error } = outcome
  if (caller) state.caller = caller
  // What the access log and the metrics call a route: one for each operation.
  Object.assign(ctx, { _matchedRoute: `${PATH} ${operation?.name ?? 'unknown'}` })
  if (fault) {
    state.fault = { code: fault.code, status: fault.status }
    const about = { code: fault.code, operation: operation?.name }
    if (fault.isDefect) state.log.error({ ...about, err: error }, 'a call failed by a defect')
    else if (fault.status >= 500) state.log.warn({ ...about, err: error }, 'a call could not be served')
    else state.log.debug({ ...about, detail: fault.message }, 'a call was refused')
  }
  ctx.status = outcome.status
  if (outcome.challenge) ctx.set('WWW-Authenticate', 'Basic realm="reelmill", charset="UTF-8"')
  if (fault?.retryAfterSec !== undefined) ctx.set('Retry-After', String(fault.retryAfterSec))
  ctx.body = reply.body
  ctx.set('Content-Type', reply.contentType)
  ctx.length = reply.sizeBytes
}
