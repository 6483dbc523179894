import { createHash } from 'node:crypto'
import { timeOfId } from '#shared/ids.ts'

/**
 * Where everything lies in the state bucket (first part) and the media bucket (second part). docs/protocol.md,
 * "Where state lives". Tenants are checked against `[a-z0-9-]` and ids against `[A-Za-z0-9_]` before they get
 * here, so no part of a key can hold a slash of its own.
 */

// State
export const jobKey = (jobId: string): string => `j/${spread(jobId)}/${jobId}.json`
export const uploadKey = (uploadId: string): string => `u/${spread(uploadId)}/${uploadId}.json`
export const workerKey = (workerId: string): string => `w/${workerId}.json`
export const WORKERS_PREFIX = 'w/'
export const FLEET_KEY = 'fleet/state.json'

export const OPEN_PREFIX = 'x/open/'
export const openHintKey = (tenant: string, jobId: string): string =>
  `${OPEN_PREFIX}${tenant}/${newestFirst(jobId)}`
export const allPrefix = (tenant: string): string => `x/all/${tenant}/`
export const allHintKey = (tenant: string, jobId: string): string =>
  `${allPrefix(tenant)}${newestFirst(jobId)}`
export const referencePrefix = (tenant: string, reference: string): string =>
  `x/ref/${tenant}/${sha256Hex(reference)}/`
export const referenceHintKey = (tenant: string, reference: string, jobId: string): string =>
  `${referencePrefix(tenant, reference)}${newestFirst(jobId)}`

/** The operation is part of the key: one idempotency key may serve each operation once. */
export const idempotencyKey = (tenant: string, operation: string, key: string): string =>
  `idem/${tenant}/${sha256Hex(`${operation}\n${key}`)}`

export type ExpiryKind = 'job' | 'upload' | 'idem'
export const EXPIRY_PREFIX = 'x/exp/'
/**
 * `id` is made by {@link jobExpiryId}, or is an upload's id, or an idempotency record's key without `idem/`, its slash
 * as `~`.
 */
export const expiryHintKey = (atMs: number, kind: ExpiryKind, id: string): string =>
  `${EXPIRY_PREFIX}${dayOf(atMs)}/${kind}/${id}`

/**
 * What a job's expiry hint is called: its id, and with a reference also what leads to the hint by reference. A submit
 * that stops before its record leaves that one behind, and nothing else knows of it.
 */
export const jobExpiryId = (tenant: string, jobId: string, reference: string | undefined): string =>
  reference === undefined ? jobId : `${jobId}~${tenant}~${sha256Hex(reference)}`

export function parseJobExpiryId(id: string): { readonly jobId: string; readonly referenceHintKey?: string } {
  const [jobId = '', tenant, hash] = id.split('~')
  return tenant && hash
    ? { jobId, referenceHintKey: `x/ref/${tenant}/${hash}/${newestFirst(jobId)}` }
    : { jobId }
}

/** The UTC day of `atMs` as `yyyymmdd`, in which expiry hints are sorted. */
export const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '')

/** When such a day begins, in milliseconds. */
export const msOfDay = (day: string): number =>
  Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6, 8)))

/** The job id at the end of an `x/open`, `x/all` or `x/ref` hint, and the tenant in it. */
export function parseJobHint(key: string): { readonly tenant: string; readonly jobId: string } | undefined {
  const match = /^x\/(?:open|all|ref)\/([^/]+)\/(?:[^/]+\/)?\d{13}-([A-Za-z0-9_]+)$/.exec(key)
  return match?.[1] && match[2] ? { tenant: match[1], jobId: match[2] } : undefined
}

export function parseExpiryHint(
  key: string,
): { readonly day: string; readonly kind: ExpiryKind; readonly id: string } | undefined {
  const match = /^x\/exp\/(\d{8})\/(job|upload|idem)\/([^/]+)$/.exec(key)
  return match?.[1] && match[3] ? { day: match[1], kind: match[2] as ExpiryKind, id: match[3] } : undefined
}

// Media
export const inputPrefix = (tenant: string, uploadId: string): string => `in/${tenant}/${uploadId}/`
/** Each filling of an upload writes to a key of its own, so that two at once cannot mix; one of them wins. */
export const inputKey = (tenant: string, uploadId: string, filling: string): string =>
  `${inputPrefix(tenant, uploadId)}${filling}`
export const outputsPrefix = (tenant: string, jobId: string): string => `out/${tenant}/${jobId}/`
export const attemptPrefix = (tenant: string, jobId: string, task: string, fence: number): string =>
  `${outputsPrefix(tenant, jobId)}${task}/${fence}/`

const LAST_MS = 9_999_999_999_999

/** `<inverted ms>-<jobId>`: the time is the one inside the id, so that a replay writes the same key. */
function newestFirst(jobId: string): string {
  const inverted = LAST_MS - (timeOfId(jobId) ?? 0)
  return `${String(inverted).padStart(13, '0')}-${jobId}`
}

/** Spreads records over prefixes, for stores that partition by prefix. */
const spread = (id: string): string => sha256Hex(id).slice(0, 2)

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex')
