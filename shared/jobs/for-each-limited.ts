/** Runs `visit` over `items`, at most `limit` at once. Rejects with the first error, after those under way ended. */
export async function forEachLimited<T>(
  items: readonly T[],
  limit: number,
  visit: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values()
  const lanes = Array.from({ length: Math.min(limit, items.length) }, async () => {
    for (const item of rest) await visit(item)
  })
  const settled = await Promise.allSettled(lanes)
  for (const lane of settled) if (lane.status === 'rejected') throw lane.reason
}
