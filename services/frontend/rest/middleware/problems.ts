import type { Middleware } from 'koa'
import { problemOf } from '../problem.ts'
import type { RequestState } from '../route.ts'

/** Turns what is thrown into problem details, and logs what only we may know. */
export function problems(publicUrl: string): Middleware<RequestState> {
  return async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      const { log, requestId } = ctx.state
      const answer = problemOf(error, { requestId, path: ctx.path, publicUrl })
      if (answer.isDefect) log.error({ err: error }, 'a request failed by a defect')
      else if (answer.status >= 500) log.warn({ err: error }, 'a request could not be served')
      else log.debug({ code: answer.body.code, detail: answer.body.detail }, 'a request was refused')
      if (ctx.headerSent) {
        ctx.res.destroy() // the client must not take what it has so far for the whole
        return
      }
      ctx.status = answer.status
      ctx.set(answer.headers)
      ctx.body = JSON.stringify(answer.body)
      ctx.type = 'application/problem+json'
    }
  }
}
