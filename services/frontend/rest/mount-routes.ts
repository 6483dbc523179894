import Router from '@koa/router'
import { z } from 'zod'
import { ReelmillError } from '#shared/errors.ts'
import type { KeyRing } from '#shared/tenants/key-ring.ts'
import { authenticate } from './middleware/authenticate.ts'
import { type RateLimits, rateLimit } from './middleware/rate-limit.ts'
import { requireScopeOf } from './middleware/scope.ts'
import { readQuery } from './read-query.ts'
import type { RequestState, Route } from './route.ts'

const noParameters = z.strictObject({})

/** A router in which each route runs its checks in order: key, rate, scope, then its own work. */
export function mountRoutes(
  routes: readonly Route[],
  guards: { readonly keyRing: KeyRing; readonly rateLimits: RateLimits },
): Router<RequestState> {
  const router = new Router<RequestState>()
  for (const route of routes) {
    const checks =
      route.scope === undefined
        ? []
        : [
            authenticate(guards.keyRing, guards.rateLimits),
            rateLimit(guards.rateLimits),
            requireScopeOf(route.scope),
          ]
    router[route.method](
      route.operation.operationId ?? route.path,
      routerPath(route.path),
      ...checks,
      (ctx) => {
        // A parameter that an operation does not have would be ignored, like a field that does not exist.
        const isStrict = route.path.startsWith('/v1/') && route.operation.requestParams?.query === undefined
        if (isStrict) readQuery(ctx, noParameters)
        return route.handle(ctx)
      },
    )
  }
  return router
}

/** Answers what no route took: another method of a known path, or an unknown path. */
export function refuseUnknown(routes: readonly Route[]) {
  const known = routes.map((route) => ({ ...route, pattern: pathPattern(route.path) }))
  return (ctx: {
    readonly method: string
    readonly path: string
    set(name: string, value: string): void
  }) => {
    const methods = known
      .filter(({ pattern }) => pattern.test(ctx.path))
      .map(({ method }) => method.toUpperCase())
    if (methods.length === 0) {
      throw new ReelmillError('not-found', `There is nothing at ${ctx.path}. /docs shows what there is.`)
    }
    const allow = [...new Set([...methods, ...(methods.includes('GET') ? ['HEAD'] : [])])].join(', ')
    ctx.set('Allow', allow)
    throw new ReelmillError('method-not-allowed', `${ctx.path} does not take ${ctx.method}, only ${allow}.`)
  }
}

/** `/v1/jobs/{jobId}` as the router spells it. */
const routerPath = (path: string): string => path.replace(/\{path\}$/, '*path').replace(/\{(\w+)\}/g, ':$1')

const pathPattern = (path: string): RegExp =>
  new RegExp(
    `^${path
      .replaceAll('.', '\\.')
      .replace(/\{path\}$/, '.+')
      .replace(/\{\w+\}/g, '[^/]+')}$`,
  )
