import { messageOf } from '#shared/errors.ts'
import { timeOfId } from '#shared/ids.ts'
import { buryJob, clearGrave, type DeleteContext } from '#shared/jobs/delete-job.ts'
import { forEachLimited } from '#shared/jobs/for-each-limited.ts'
import type { IdempotencyRecord } from '#shared/jobs/idempotency.ts'
import {
  dayOf,
  EXPIRY_PREFIX,
  type ExpiryKind,
  expiryHintKey,
  inputPrefix,
  jobKey,
  msOfDay,
  parseExpiryHint,
  parseJobExpiryId,
  uploadKey,
} from '#shared/jobs/keys.ts'
import { isDone, type JobRecord, parseJob } from '#shared/jobs/record.ts'
import { type JobTimes, tombstoneLifeMs } from '#shared/jobs/times.ts'
import { parseUpload, type UploadRecord, type UploadTombstone } from '#shared/jobs/upload-record.ts'
import { buryUpload } from '#shared/jobs/uploads.ts'
import type { Log } from '#shared/log.ts'
import { hintPages } from '#shared/state/hint-pages.ts'
import { abortMultiparts, deletePrefix } from '#shared/storage/media-prefix.ts'

export interface RetentionContext extends DeleteContext {
  readonly log: Log
  readonly times: JobTimes
}

/** What became of a hint: its thing is gone for good, or must be looked at again at `at` (milliseconds). */
type Verdict = { readonly outcome: 'gone' } | { readonly outcome: 'later'; readonly at: number }

const CONCURRENCY = 8
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/**
 * Walks the expiry hints up to today: what has outlived its time becomes a tombstone, then its bytes and places
 * in lists go, and tombstones themselves go when no replay can come any more. What still lives gets a hint on a
 * later day, written before the old one is deleted. Idempotent; any number may run at once.
 */
export async function retain(context: RetentionContext, signal?: AbortSignal): Promise<void> {
  const { store, clock, log } = context
  const today = dayOf(clock.now())
  for await (const page of hintPages(store, EXPIRY_PREFIX, { signal })) {
    const hints = page.flatMap(({ key }) => {
      const hint = parseExpiryHint(key)
      return hint && hint.day <= today ? [{ key, ...hint }] : []
    })
    await forEachLimited(hints, CONCURRENCY, async (hint) => {
      signal?.throwIfAborted()
      try {
        await settleHint(context, hint)
      } catch (error) {
        signal?.throwIfAborted()
        log.warn(
          { hint: hint.key, reason: messageOf(error) },
          'this could not be tidied; the next round tries again',
        )
      }
    })
    // Hints are sorted by day, so the first one after today ends the walk.
    if (hints.length < page.length) return
  }
}

async function settleHint(
  context: RetentionContext,
  hint: { readonly key: string; readonly day: string; readonly kind: ExpiryKind; readonly id: string },
): Promise<void> {
  const { store } = context
  const verdict = await examine(context, hint)
  if (verdict.outcome === 'later') {
    const next = expiryHintKey(verdict.at, hint.kind, hint.id)
    if (next === hint.key) return // due later today
    await store.putHint(next)
  }
  await store.delete(hint.key)
}

function examine(
  context: RetentionContext,
  { kind, id, day }: { readonly kind: ExpiryKind; readonly id: string; readonly day: string },
): Promise<Verdict> {
  switch (kind) {
    case 'job':
      return examineJob(context, id)
    case 'upload':
      return examineUpload(context, id)
    case 'idem':
      return examineIdempotencyKey(context, id, day)
    default:
      throw kind satisfies never
  }
}

async function examineJob(context: RetentionContext, expiryId: string): Promise<Verdict> {
  const { jobId, referenceHintKey } = parseJobExpiryId(expiryId)
  const verdict = await examineJobRecord(context, jobId)
  // A tombstone may have been made of a hint, and then knows no reference.
  if (verdict.outcome === 'gone' && referenceHintKey) await context.store.delete(referenceHintKey)
  return verdict
}

async function examineJobRecord(context: RetentionContext, id: string): Promise<Verdict> {
  const { store, clock, times, log } = context
  const found = await store.get<JobRecord>(jobKey(id))
  // The record may still be on its way (its hints are written first): it is looked for once more tomorrow.
  if (!found) return orphaned(context, 'job', id)
  const job = parseJob(found)
  if (job.kind === 'newer') return { outcome: 'later', at: clock.now() + DAY_MS }
  if (job.kind === 'tombstone') {
    await clearGrave(context, job)
    const until = Date.parse(job.buriedAt) + tombstoneLifeMs(times)
    if (clock.now() < until) return { outcome: 'later', at: until }
    await store.delete(found.key)
    return { outcome: 'gone' }
  }
  if (!isDone(job)) return { outcome: 'later', at: clock.now() + DAY_MS }
  const expiresAt = Date.parse(job.expiresAt ?? job.createdAt)
  if (clock.now() < expiresAt) return { outcome: 'later', at: expiresAt }
  const burial = await buryJob(store, found, clock.now(), isDone)
  if (burial.outcome === 'kept') return { outcome: 'later', at: clock.now() + DAY_MS }
  await clearGrave(context, burial.tombstone)
  log.info({ jobId: id }, 'the job has outlived its retention and was deleted')
  return { outcome: 'later', at: clock.now() + tombstoneLifeMs(times) }
}

async function examineUpload(context: RetentionContext, id: string): Promise<Verdict> {
  const { store, clock, times, log } = context
  const found = await store.get<UploadRecord | UploadTombstone>(uploadKey(id))
  if (!found) return orphaned(context, 'upload', id)
  const upload = parseUpload(found)
  if (upload.kind === 'newer') return { outcome: 'later', at: clock.now() + DAY_MS }
  if (upload.kind === 'upload') {
    const keepUntil = Date.parse(upload.keepUntil)
    if (clock.now() < keepUntil) return { outcome: 'later', at: keepUntil }
    // No job can hold it: a submit moves keepUntil before its job exists, and this swap would then be refused.
    const burial = await buryUpload(
      store,
      found as typeof found & { value: UploadRecord },
      'expired',
      clock.now(),
      (current) => Date.parse(current.keepUntil) <= clock.now(),
    )
    if (burial === 'kept') return { outcome: 'later', at: clock.now() + HOUR_MS }
    log.info({ uploadId: id }, 'the upload has expired and was deleted')
  }
  await clearUpload(context, upload.tenant, id)
  const until =
    (upload.kind === 'tombstone' ? Date.parse(upload.buriedAt) : clock.now()) + tombstoneLifeMs(times)
  if (clock.now() < until) return { outcome: 'later', at: until }
  await store.delete(found.key)
  return { outcome: 'gone' }
}

/** Deletes the bytes of a buried upload, finished or not. Idempotent. */
export async function clearUpload(context: DeleteContext, tenant: string, uploadId: string): Promise<void> {
  const { media } = context
  const prefix = inputPrefix(tenant, uploadId)
  await abortMultiparts(media, prefix)
  await deletePrefix(media, prefix)
}

async function examineIdempotencyKey(context: RetentionContext, id: string, day: string): Promise<Verdict> {
  const { store, clock, times } = context
  const key = `idem/${id.replace('~', '/')}`
  const found = await store.get<IdempotencyRecord>(key)
  if (!found) {
    // The claim may still be on its way (its hint is written first): the hint stays for a day more.
    const dueMs = msOfDay(day)
    return clock.now() < dueMs + 2 * DAY_MS ? { outcome: 'later', at: dueMs } : { outcome: 'gone' }
  }
  const until = Date.parse(found.value.createdAt) + times.idempotencyLifeMs
  if (clock.now() < until) return { outcome: 'later', at: until }
  await store.delete(key)
  return { outcome: 'gone' }
}

/** A hint without its record: forgotten only when its writer has certainly stopped. */
function orphaned(context: RetentionContext, kind: ExpiryKind, id: string): Promise<Verdict> {
  const { clock, times, log } = context
  const made = timeOfId(id) ?? 0
  const until = made + tombstoneLifeMs(times)
  if (clock.now() < until) return Promise.resolve({ outcome: 'later', at: until })
  log.debug({ kind, id }, 'a hint never got its record and is forgotten')
  return Promise.resolve({ outcome: 'gone' })
}
