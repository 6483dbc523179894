/** When a write may be applied: only over this version, only where nothing is, or always (hints). */
export type WriteCondition =
  | { readonly kind: 'if-match'; readonly etag: string }
  | { readonly kind: 'if-none-match' }
  | { readonly kind: 'always' }

/** What a store said to a write. Three answers, not two: `unknown` is the one that protocols forget. */
export type WriteAnswer =
  | { readonly kind: 'applied'; readonly etag: string }
  /** The condition did not hold (412), another write was in the way (409), or the key is not there (404). */
  | { readonly kind: 'refused' }
  /** Not applied, and will not be: 429, or 503 SlowDown. */
  | { readonly kind: 'busy' }
  /** A timeout, a reset, a 500: applied, or not, or applied later. */
  | { readonly kind: 'unknown'; readonly cause: unknown }

export type ReadAnswer =
  | { readonly kind: 'found'; readonly etag: string; readonly body: string }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'missing' }

export interface ListPage {
  readonly entries: readonly { readonly key: string; readonly etag: string }[]
  readonly more: boolean
}

/**
 * What a `StateStore` needs from an object store: small bodies, conditional writes that are atomic, and lists
 * that show every acknowledged write. Each call asks the store once; repeating is the caller's business.
 * `read`, `list` and `remove` throw on anything that is not one of their answers.
 */
export interface ConditionalObjects {
  read(
    key: string,
    options?: { readonly ifNoneMatch?: string; readonly signal?: AbortSignal },
  ): Promise<ReadAnswer>
  write(key: string, body: string, condition: WriteCondition, signal?: AbortSignal): Promise<WriteAnswer>
  list(prefix: string, after: string | undefined, limit: number, signal?: AbortSignal): Promise<ListPage>
  remove(key: string, signal?: AbortSignal): Promise<void>
}
