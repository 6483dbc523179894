import type { Middleware } from 'koa'
import { requireScope } from '#shared/tenants/caller.ts'
import type { Scope } from '#shared/tenants/key-record.ts'
import type { RequestState } from '../route.ts'

/** Lets only keys with `scope` pass. */
export function requireScopeOf(scope: Scope): Middleware<RequestState> {
  return (ctx, next) => {
    if (ctx.state.caller) requireScope(ctx.state.caller, scope)
    return next()
  }
}
