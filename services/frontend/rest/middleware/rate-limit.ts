import type { Middleware } from 'koa'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { ReelmillError } from '#shared/errors.ts'
import type { Limits } from '../../operations/limits.ts'
import type { RequestState } from '../route.ts'

/** How much of its rate a key has left. */
export interface Rate {
  readonly remaining: number
  readonly resetSec: number
}

/** Counts requests by key, and wrong keys by address, in the memory of this process. */
export class RateLimits {
  readonly limits: Limits
  readonly #byKey: RateLimiterMemory
  readonly #badKeys: RateLimiterMemory

  constructor(limits: Limits) {
    this.limits = limits
    this.#byKey = new RateLimiterMemory({ points: limits.rateRequests, duration: limits.rateWindowSec })
    this.#badKeys = new RateLimiterMemory({ points: limits.badKeysPerMinute, duration: 60 })
  }

  /** Counts one request. Throws `rate-limited`. */
  countRequest(keyId: string): Promise<Rate> {
    return consume(this.#byKey, keyId, 'This key has used up its rate')
  }

  /** Counts one wrong or missing key. Throws `rate-limited`. */
  async countBadKey(address: string): Promise<void> {
    await consume(this.#badKeys, address, 'Too many requests without a valid key came from this address')
  }
}

/** Holds each key to its rate; every answer says what is left (draft-ietf-httpapi-ratelimit-headers). */
export function rateLimit(rateLimits: RateLimits): Middleware<RequestState> {
  const { rateRequests, rateWindowSec } = rateLimits.limits
  return async (ctx, next) => {
    const keyId = ctx.state.caller?.keyId ?? ctx.ip
    ctx.set('RateLimit-Policy', `"key";q=${rateRequests};w=${rateWindowSec}`)
    try {
      const { remaining, resetSec } = await rateLimits.countRequest(keyId)
      ctx.set('RateLimit', `"key";r=${remaining};t=${resetSec}`)
    } catch (error) {
      const retryAfterSec = error instanceof ReelmillError ? error.facts.retryAfterSec : undefined
      if (typeof retryAfterSec === 'number') ctx.set('RateLimit', `"key";r=0;t=${retryAfterSec}`)
      throw error
    }
    await next()
  }
}

async function consume(limiter: RateLimiterMemory, name: string, what: string): Promise<Rate> {
  try {
    const result = await limiter.consume(name)
    return { remaining: result.remainingPoints, resetSec: Math.ceil(result.msBeforeNext / 1000) }
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error
    const retryAfterSec = Math.max(1, Math.ceil(error.msBeforeNext / 1000))
    throw new ReelmillError('rate-limited', `${what}. Wait ${retryAfterSec} s, then go on more slowly.`, {
      facts: { retryAfterSec },
    })
  }
}
