import { newId } from '#shared/ids.ts'
import { dayOf, expiryHintKey, msOfDay, parseExpiryHint, parseJobExpiryId } from '#shared/jobs/keys.ts'
import { hintPages } from '#shared/state/hint-pages.ts'
import type { StateStore } from '#shared/state/state-store.ts'

const DAY_MS = 24 * 3_600_000

/**
 * The ids of the jobs of all tenants that were submitted from `sinceMs` to `nowMs`, by whichever frontend, whatever
 * has become of them. Each submit leaves a hint under the day on which the job would expire, and those of one day are
 * in the order of their ids, which is that of their times: so this is one list, however many jobs there have been.
 */
export async function listNewJobs(
  store: StateStore,
  range: { readonly sinceMs: number; readonly nowMs: number; readonly retentionMs: number },
): Promise<string[]> {
  const { sinceMs, nowMs, retentionMs } = range
  const days = new Set<string>()
  for (let ms = sinceMs; ms < nowMs; ms += DAY_MS) days.add(dayOf(ms + retentionMs))
  days.add(dayOf(nowMs + retentionMs))
  // Without its random part an id sorts before all that were made in its millisecond.
  const firstId = newId('job', sinceMs).slice(0, -16)
  const ids: string[] = []
  for (const day of days) {
    const prefix = expiryHintKey(msOfDay(day), 'job', '')
    for await (const page of hintPages(store, prefix, { after: prefix + firstId })) {
      for (const { key } of page) {
        const hint = parseExpiryHint(key)
        if (hint) ids.push(parseJobExpiryId(hint.id).jobId)
      }
    }
  }
  return ids
}
