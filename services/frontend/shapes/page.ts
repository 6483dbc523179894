/** One page of a list, newest first. `nextCursor` is there when more may follow. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string
}
