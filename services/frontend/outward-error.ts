import { type ErrorCode, errorCatalogue } from '#shared/error-codes.ts'
import { ReelmillError } from '#shared/errors.ts'

// What these say is for the operator: names of buckets, keys and variables. It goes to the log alone.
const inward: ReadonlySet<ErrorCode> = new Set([
  'internal',
  'store-unavailable',
  'store-unsafe',
  'queue-unavailable',
  'configuration-invalid',
])

/** An error as a client may see it. */
export interface OutwardError {
  readonly error: ReelmillError
  /** The HTTP status that its code has in REST. 500 is a defect of ours, and the log must have all of it. */
  readonly status: number
  /** When to try again, if that may help and it is known. */
  readonly retryAfterSec?: number
}

/**
 * What clients are told of an error, by REST and SOAP alike. Whatever is not one of ours is `internal`, and what is
 * meant for the operator keeps its code and loses its words.
 */
export function outwardError(error: unknown): OutwardError {
  const known = error instanceof ReelmillError && 'status' in errorCatalogue[error.code]
  const code = known ? error.code : 'internal'
  const retry = known ? error.retry : undefined
  const shown =
    known && !inward.has(code)
      ? error
      : new ReelmillError(code, errorCatalogue[code].help, retry === undefined ? {} : { retry })
  const entry = errorCatalogue[code]
  const status = 'status' in entry ? entry.status : 500
  const retryAfterSec = retryAfterOf(shown, status)
  return { error: shown, status, ...(retryAfterSec !== undefined && { retryAfterSec }) }
}

function retryAfterOf(error: ReelmillError, status: number): number | undefined {
  const { retryAfterSec } = error.facts
  if (typeof retryAfterSec === 'number') return Math.max(1, Math.ceil(retryAfterSec))
  return status === 503 && error.retry !== 'never' ? 5 : undefined
}
