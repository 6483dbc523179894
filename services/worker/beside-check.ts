/**
 * Runs `work` beside `check` and waits for both. A check that fails aborts the work, and is the reason even when the
 * work failed first: what is wrong with the input explains what became of it.
 */
export async function besideCheck<T>(
  signal: AbortSignal,
  check: (signal: AbortSignal) => Promise<void>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const refused = new AbortController()
  const checking = check(signal).catch((error: unknown) => {
    refused.abort(error)
    throw error
  })
  const [checked, worked] = await Promise.allSettled([
    checking,
    work(AbortSignal.any([signal, refused.signal])),
  ])
  if (checked.status === 'rejected') throw checked.reason
  if (worked.status === 'rejected') throw worked.reason
  return worked.value
}
