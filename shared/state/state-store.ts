/** Any JSON object that is stored as a record. `rev` and `writeId` belong to the store. */
export type RecordBody = Readonly<Record<string, unknown>>

/** What the store adds to each record that it writes. */
export interface Stamp {
  /** Grows by one with every swap. A `rev` that goes back is corruption. */
  readonly rev: number
  /** Fresh with every write, so that equal bodies never have equal ETags (A-B-A, hole H6). */
  readonly writeId: string
}

/** A record as it was read. `etag` names exactly this version for a later swap. */
export interface Found<T extends RecordBody = RecordBody> {
  readonly key: string
  readonly etag: string
  readonly value: T & Stamp
}

export interface Hint {
  readonly key: string
  /** Changes with every write of the object under `key`; one LIST of `w/` is an observation of every worker. */
  readonly etag: string
}

export type CreateOutcome<T extends RecordBody> =
  | { readonly outcome: 'created'; readonly found: Found<T> }
  /** Something is there already. After a lost answer it may be our own: ask its content, not the write. */
  | { readonly outcome: 'exists'; readonly found: Found<T> }

export type SwapOutcome<T extends RecordBody> =
  | { readonly outcome: 'done'; readonly found: Found<T> }
  /** The change is not legal (any more), and its effect is not there. `found` is what stands instead. */
  | { readonly outcome: 'lost'; readonly found: Found<T> | undefined }

/**
 * All state goes through these six verbs; S3 with conditional writes is the default. docs/protocol.md, "The verbs".
 *
 * Every verb throws `store-unavailable` when the store could not be asked for long enough; then a write may
 * still be applied, at any later moment. Whoever retries must ask for the effect, never for "was that my write".
 */
export interface StateStore {
  get<T extends RecordBody>(key: string, signal?: AbortSignal): Promise<Found<T> | undefined>
  /** As `get`, but `'unchanged'` when the record still has `etag`: a cheap poll. */
  getIfChanged<T extends RecordBody>(
    key: string,
    etag: string,
    signal?: AbortSignal,
  ): Promise<Found<T> | undefined | 'unchanged'>
  create<T extends RecordBody>(key: string, value: T, signal?: AbortSignal): Promise<CreateOutcome<T>>
  /**
   * The only way a record changes: PUT If-Match `change(current)`. `change` is pure and returns `undefined` when
   * the change is not legal from there; `isDone` says whether the wanted effect is already in the record.
   * A refused or unanswered PUT is decided by reading again, and an ETag that did not move means undecided.
   */
  swap<T extends RecordBody>(
    found: Found<T>,
    change: (current: T & Stamp) => T | undefined,
    isDone: (current: T & Stamp) => boolean,
    signal?: AbortSignal,
  ): Promise<SwapOutcome<T>>
  /** Writes an empty object. Idempotent. */
  putHint(key: string, signal?: AbortSignal): Promise<void>
  /** One page in UTF-8 byte order of the keys that begin with `prefix`. `next` is there when more follow. */
  listHints(
    prefix: string,
    options?: { readonly after?: string; readonly limit?: number; readonly signal?: AbortSignal },
  ): Promise<{ readonly hints: readonly Hint[]; readonly next: string | undefined }>
  /** Deletes a hint, or a record whose life is over. Deleting what is not there is no error. */
  delete(key: string, signal?: AbortSignal): Promise<void>
}
