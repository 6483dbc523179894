import type { Middleware } from 'koa'
import type { Clock } from '#shared/clock.ts'
import type { RequestState } from '../route.ts'

/** What is measured of a request when its answer has gone out (or its client). */
export interface RequestSample {
  readonly method: string
  /** The route's pattern, never the path itself: ids would make a metric without end. */
  readonly route: string
  /** Of a SOAP fault what REST would have answered: a client's mistake is no failure of ours. */
  readonly status: number
  readonly seconds: number
}

/** One line for each request when it is over, and one sample for the metrics. */
export function accessLog(clock: Clock, observe: (sample: RequestSample) => void): Middleware<RequestState> {
  return async (ctx, next) => {
    const startMs = clock.monotonicMs()
    ctx.res.once('close', () => {
      const durationMs = Math.round(clock.monotonicMs() - startMs)
      const { method, path, state, status } = ctx
      const route = '_matchedRoute' in ctx && ctx._matchedRoute ? String(ctx._matchedRoute) : 'none'
      observe({ method, route, status: state.fault?.status ?? status, seconds: durationMs / 1000 })
      const fields = {
        method,
        path,
        route,
        status,
        ...(state.fault && { code: state.fault.code }),
        durationMs,
        ...(state.caller && { tenant: state.caller.tenant, keyId: state.caller.keyId }),
        ...(!ctx.res.writableFinished && { clientLeft: true }),
      }
      if (path.startsWith('/health') || path === '/metrics') state.log.debug(fields, 'answered')
      else state.log.info(fields, 'answered')
    })
    await next()
  }
}
