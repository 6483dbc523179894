import { type ErrorCode, errorCatalogue, type Retry } from '#shared/error-codes.ts'

/** One thing that is wrong with a request: where (a JSON pointer into the body, or a parameter's name) and why. */
export interface FieldError {
  readonly pointer: string
  readonly code: ErrorCode
  readonly message: string
}

/**
 * The one error family. `code` is stable and documented (shared/error-codes.ts), `message` is a sentence for
 * people that says what to do next, `facts` are for logs and answers, `retry` says whether trying again helps.
 */
export class ReelmillError extends Error {
  override readonly name = 'ReelmillError'
  readonly code: ErrorCode
  readonly retry: Retry
  readonly facts: Readonly<Record<string, unknown>>
  readonly errors: readonly FieldError[]

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly facts?: Record<string, unknown>
      readonly errors?: readonly FieldError[]
      readonly retry?: Retry
      readonly cause?: unknown
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retry = options.retry ?? errorCatalogue[code].retry
    this.facts = options.facts ?? {}
    this.errors = options.errors ?? []
  }
}

/** True when `error` is ours and carries one of `codes`. */
export function hasCode(error: unknown, ...codes: ErrorCode[]): error is ReelmillError {
  return error instanceof ReelmillError && codes.includes(error.code)
}

/** The sentence of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
