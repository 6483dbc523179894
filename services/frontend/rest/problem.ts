import { type ErrorCode, errorCatalogue } from '#shared/error-codes.ts'
import { ReelmillError } from '#shared/errors.ts'
import type { Problem } from '../shapes/problem.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Problem
  /** True when it is our defect, and the log must have all of it. */
  readonly isDefect: boolean
}

/**
 * The one place that decides what a client sees of an error: RFC 9457 problem details with the code's page as
 * `type`. Whatever is not one of ours is a defect, of which nothing but the request's id is shown.
 */
export function problemOf(
  error: unknown,
  request: { readonly requestId: string; readonly path: string; readonly publicUrl: string },
): Answer {
  const known = error instanceof ReelmillError && 'status' in errorCatalogue[error.code]
  const shown = known ? outward(error) : new ReelmillError('internal', errorCatalogue.internal.help)
  const { code } = shown
  const entry = errorCatalogue[code]
  const status = 'status' in entry ? entry.status : 500
  const retryAfterSec = retryAfterOf(shown, status)
  return {
    status,
    isDefect: status === 500,
    headers: {
      ...(status === 401 && { 'WWW-Authenticate': 'Bearer realm="reelmill"' }),
      ...(retryAfterSec !== undefined && { 'Retry-After': String(retryAfterSec) }),
    },
    body: {
      type: `${request.publicUrl}/errors/${code}`,
      title: entry.title,
      status,
      detail: shown.message,
      instance: request.path,
      code,
      retry: shown.retry,
      ...(retryAfterSec !== undefined && { retryAfterSec }),
      requestId: request.requestId,
      ...(shown.errors.length > 0 && { errors: [...shown.errors] }),
    },
  }
}

// What these say is for the operator: names of buckets, keys and variables. It goes to the log alone.
const inward: ReadonlySet<ErrorCode> = new Set([
  'internal',
  'store-unavailable',
  'store-unsafe',
  'queue-unavailable',
  'configuration-invalid',
])

function outward(error: ReelmillError): ReelmillError {
  const { code, retry } = error
  return inward.has(code) ? new ReelmillError(code, errorCatalogue[code].help, { retry }) : error
}

function retryAfterOf(error: ReelmillError, status: number): number | undefined {
  const { retryAfterSec } = error.facts
  if (typeof retryAfterSec === 'number') return Math.max(1, Math.ceil(retryAfterSec))
  return status === 503 && error.retry !== 'never' ? 5 : undefined
}
