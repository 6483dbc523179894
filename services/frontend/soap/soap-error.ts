import type { ErrorCode } from '#shared/error-codes.ts'
import { ReelmillError } from '#shared/errors.ts'

/** Fault codes that SOAP and WS-Security define and that clients act upon; all others follow from the error's code. */
export type NamedFault = 'VersionMismatch' | 'MustUnderstand' | 'FailedAuthentication'

/**
 * A `ReelmillError` of the SOAP room: `field` is the element (or limit) at fault, as the fault's Field says it;
 * `fault` is the fault code that SOAP itself has for the case.
 */
export function soapError(
  code: ErrorCode,
  message: string,
  options: {
    readonly field?: string | undefined
    readonly fault?: NamedFault
    readonly facts?: Record<string, unknown>
    readonly cause?: unknown
  } = {},
): ReelmillError {
  const facts: Record<string, unknown> = { ...options.facts }
  if (options.field !== undefined) facts.field = options.field
  if (options.fault !== undefined) facts.fault = options.fault
  return new ReelmillError(code, message, { facts, cause: options.cause })
}
