import type { Middleware } from 'koa'
import type { Clock } from '#shared/clock.ts'
import { newId } from '#shared/ids.ts'
import type { Log } from '#shared/log.ts'
import type { RequestState } from '../route.ts'

/**
 * Names each request: by the client's own `X-Request-Id` if it is a plain one. It is in the answer and in each log
 * line.
 */
export function requestId(clock: Clock, log: Log): Middleware<RequestState> {
  return (ctx, next) => {
    const given = ctx.get('X-Request-Id')
    const id = /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : newId('req', clock.now())
    ctx.state.requestId = id
    ctx.state.log = log.child({ requestId: id })
    ctx.set('X-Request-Id', id)
    return next()
  }
}
