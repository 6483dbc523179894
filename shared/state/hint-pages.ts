import type { Hint, StateStore } from '#shared/state/state-store.ts'

/**
 * Every key that begins with `prefix`, behind `after` if it is given, in UTF-8 byte order and a page at a time. A page
 * is asked for when the one before has been dealt with; whoever stops early asks for no more.
 */
export async function* hintPages(
  store: Pick<StateStore, 'listHints'>,
  prefix: string,
  options: { readonly after?: string; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<readonly Hint[]> {
  const { signal } = options
  let { after } = options
  do {
    const page = await store.listHints(prefix, {
      ...(after !== undefined && { after }),
      ...(signal && { signal }),
    })
    yield page.hints
    after = page.next
  } while (after !== undefined)
}
