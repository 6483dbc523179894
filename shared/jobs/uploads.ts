import { isoTime } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import { expiryHintKey, uploadKey } from '#shared/jobs/keys.ts'
import { RECORD_VERSION } from '#shared/jobs/record.ts'
import { parseUpload, type UploadRecord, type UploadTombstone } from '#shared/jobs/upload-record.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'

/** Reads an upload. Throws `gone` for a tombstone; `undefined` when it never was. */
export async function readUpload(
  store: StateStore,
  uploadId: string,
): Promise<Found<UploadRecord> | undefined> {
  const found = await store.get<UploadRecord>(uploadKey(uploadId))
  if (!found) return undefined
  const upload = parseUpload(found)
  if (upload.kind === 'upload') return found
  if (upload.kind === 'newer') throw newerRecord(uploadId)
  throw gone(uploadId)
}

/**
 * Promises that the bytes of an upload stay until `untilMs`, by moving its `keepUntil`; before the job that
 * needs them exists, so the sweep never has to ask whether one does. It moves `spareMs` further, so that many jobs of
 * one movie do not all swap its record. Throws `gone` or `not-found`.
 */
export async function keepUpload(
  store: StateStore,
  uploadId: string,
  untilMs: number,
  spareMs = 0,
): Promise<UploadRecord> {
  const found = await readUpload(store, uploadId)
  if (!found) throw new ReelmillError('not-found', `There is no upload ${uploadId}.`, { facts: { uploadId } })
  const until = isoTime(untilMs)
  if (found.value.keepUntil >= until) return found.value
  const spared = isoTime(untilMs + spareMs)
  await store.putHint(expiryHintKey(untilMs + spareMs, 'upload', uploadId))
  const swapped = await store.swap<UploadRecord>(
    found,
    (current) =>
      current.kind === 'upload' ? { ...current, keepUntil: later(current.keepUntil, spared) } : undefined,
    (current) => current.kind === 'upload' && current.keepUntil >= until,
  )
  if (swapped.outcome === 'done') return swapped.found.value
  throw gone(uploadId)
}

/** Buries an upload: from here on no job can take it, and its bytes may be deleted. Idempotent. */
export async function buryUpload(
  store: StateStore,
  found: Found<UploadRecord>,
  reason: UploadTombstone['reason'],
  nowMs: number,
  mayBury: (upload: UploadRecord) => boolean,
): Promise<'buried' | 'kept'> {
  const swapped = await store.swap<UploadRecord | UploadTombstone>(
    found,
    (current) =>
      current.kind === 'upload' && mayBury(current)
        ? {
            kind: 'tombstone',
            version: RECORD_VERSION,
            id: current.id,
            tenant: current.tenant,
            reason,
            buriedAt: isoTime(nowMs),
          }
        : undefined,
    (current) => current.kind === 'tombstone',
  )
  return swapped.outcome === 'done' ? 'buried' : 'kept'
}

const later = (a: string, b: string): string => (a > b ? a : b)

const gone = (uploadId: string) =>
  new ReelmillError('gone', `The upload ${uploadId} was deleted or has expired. Upload the movie again.`, {
    facts: { uploadId },
  })

const newerRecord = (uploadId: string) =>
  new ReelmillError(
    'conflict',
    `The upload ${uploadId} was written by a newer version of Reelmill. Ask a server of that version.`,
    { facts: { uploadId } },
  )
