import type { RouterContext } from '@koa/router'
import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { ReelmillError } from '#shared/errors.ts'
import type { Log } from '#shared/log.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { Scope } from '#shared/tenants/key-record.ts'

/** What middleware leaves for those after it. */
export interface RequestState {
  requestId: string
  log: Log
  /** Who asks; there on every route that has a scope. */
  caller?: Caller
  /** Why a SOAP call was refused, with REST's status for it: in SOAP itself nearly all faults are a 500. */
  fault?: { readonly code: string; readonly status: number }
}

export type RestContext = RouterContext<RequestState>

/**
 * One route: what it is called, who may call it, what the documentation says of it, and what it does. The router,
 * the checks and the OpenAPI document are all made from this, so that none can differ from another.
 */
export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'delete'
  /** As OpenAPI spells it: `/v1/jobs/{jobId}`. A last `{path}` takes slashes, too. */
  readonly path: string
  /** Absent: anyone, without a key. */
  readonly scope?: Scope
  readonly operation: ZodOpenApiOperationObject
  handle(ctx: RestContext): Promise<void> | void
}

/** Who asks. Only on routes with a scope. */
export function callerOf(ctx: RestContext): Caller {
  const { caller } = ctx.state
  if (caller) return caller
  throw new ReelmillError('internal', `${ctx.method} ${ctx.path} needs a caller but its route has no scope.`)
}

/** An id in the path. Throws `not-found` for what no id can be: it would become part of a key in the store. */
export function idParam(ctx: RestContext, name: string): string {
  const id = param(ctx, name)
  if (/^[A-Za-z0-9_]{1,64}$/.test(id)) return id
  throw new ReelmillError('not-found', 'The path holds an id that cannot exist. Check it against the list.')
}

/** A parameter in the path; the router has made sure that it is there. */
export const param = (ctx: RestContext, name: string): string => String(ctx.params[name] ?? '')
