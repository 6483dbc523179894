import type { Middleware } from 'koa'
import { hasCode, ReelmillError } from '#shared/errors.ts'
import type { KeyRing } from '#shared/tenants/key-ring.ts'
import type { RequestState } from '../route.ts'
import type { RateLimits } from './rate-limit.ts'

/** Finds out who asks, by `Authorization: Bearer rmk_...`. An address that keeps guessing is told to wait. */
export function authenticate(keyRing: KeyRing, rateLimits: RateLimits): Middleware<RequestState> {
  return async (ctx, next) => {
    try {
      ctx.state.caller = await keyRing.authenticate(bearerOf(ctx.get('Authorization')))
    } catch (error) {
      if (hasCode(error, 'unauthenticated')) await rateLimits.countBadKey(ctx.ip)
      throw error
    }
    await next()
  }
}

function bearerOf(header: string): string {
  const [, key] = /^Bearer +(\S+)$/i.exec(header) ?? []
  if (key) return key
  throw new ReelmillError(
    'unauthenticated',
    header === ''
      ? 'There is no key in the request. Send the header `Authorization: Bearer rmk_...`.'
      : 'The Authorization header is not of the form `Bearer rmk_...`.',
  )
}
