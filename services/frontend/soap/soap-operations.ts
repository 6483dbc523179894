import type { Readable } from 'node:stream'
import type { Caller } from '#shared/tenants/caller.ts'
import type { OperationName } from './contract/operations.ts'

/** One call, in REST's names and shapes. */
export interface Call {
  readonly caller: Caller
  /** Checked against the contract: known fields of the right types. What their values mean is the operation's. */
  readonly request: Readonly<Record<string, unknown>>
  /**
   * The movie's bytes, for operations that have some. It ends only when the whole message was right, and fails with
   * what was wrong; an operation that returns has read it to its end. A chunk that is all of its memory is the
   * operation's to keep or to free.
   */
  readonly content: Readable
  /** Aborted when the client has gone away. */
  readonly signal: AbortSignal
}

/** The bytes that `FetchFile` answers with. */
export interface FileBytes {
  readonly body: Readable
  readonly sizeBytes: number
}

/**
 * What the SOAP room calls, one function an operation. Each resolves with its response element's value, as REST has it.
 */
export type SoapOperations = {
  readonly [Name in OperationName]: (call: Call) => Promise<Name extends 'FetchFile' ? FileBytes : unknown>
}
