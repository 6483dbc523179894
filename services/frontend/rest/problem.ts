import { errorCatalogue } from '#shared/error-codes.ts'
import { outwardError } from '../outward-error.ts'
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
  const { error: shown, status, retryAfterSec } = outwardError(error)
  const { code } = shown
  return {
    status,
    isDefect: status === 500,
    headers: {
      ...(status === 401 && { 'WWW-Authenticate': 'Bearer realm="reelmill"' }),
      ...(retryAfterSec !== undefined && { 'Retry-After': String(retryAfterSec) }),
    },
    body: {
      type: `${request.publicUrl}/errors/${code}`,
      title: errorCatalogue[code].title,
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
