import type { Clock } from '#shared/clock.ts'
import type { Identity } from '../sigv4/authenticate.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { S3Request } from './s3-request.ts'

/** What an operation is given. */
export interface S3Context {
  readonly request: S3Request
  readonly identity: Identity
  readonly store: ObjectStore
  readonly clock: Clock
  /** The bytes of the request's body. Asking for them sends `100 Continue` to a client that waits for it. */
  body(): AsyncIterable<Buffer>
}

/** What an operation answers. A stream's `close` is called when it was sent, or could not be. */
export interface S3Response {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | { readonly stream: AsyncIterable<Uint8Array>; close(): Promise<void> }
}

export type S3Operation = (context: S3Context) => Promise<S3Response> | S3Response

export const xmlResponse = (body: string, headers: Record<string, string> = {}): S3Response => ({
  status: 200,
  headers: { 'content-type': 'application/xml', ...headers },
  body,
})
