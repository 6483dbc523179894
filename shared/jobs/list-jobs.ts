import { ReelmillError } from '#shared/errors.ts'
import { allPrefix, jobKey, parseJobHint, referencePrefix } from '#shared/jobs/keys.ts'
import { type JobRecord, type JobStatus, parseJob } from '#shared/jobs/record.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'

export interface JobFilter {
  readonly tenant: string
  readonly status?: JobStatus
  readonly reference?: string
  /** At most so many jobs, 1 to 200. */
  readonly limit: number
  /** `nextCursor` of the page before. */
  readonly cursor?: string
}

export interface JobPage {
  readonly items: readonly Found<JobRecord>[]
  readonly nextCursor?: string
}

// A filter by status reads records, not hints: one page of answers looks at no more than this many of them.
const MOST_READS = 1000

/**
 * One page of a tenant's jobs, newest first. By `reference` the index answers; by `status` records are read, so
 * a page may hold fewer than `limit` (even none) and still have a `nextCursor`. Throws `invalid-request` for a
 * cursor that is not one of ours.
 */
export async function listJobs(store: StateStore, filter: JobFilter): Promise<JobPage> {
  const prefix =
    filter.reference === undefined
      ? allPrefix(filter.tenant)
      : referencePrefix(filter.tenant, filter.reference)
  let after = filter.cursor === undefined ? undefined : fromCursor(filter.cursor, prefix)
  const items: Found<JobRecord>[] = []
  for (let reads = 0; ; ) {
    const wanted = filter.limit - items.length
    const page = await store.listHints(prefix, { limit: wanted, ...(after !== undefined && { after }) })
    const jobs = await Promise.all(page.hints.map(({ key }) => readHinted(store, key)))
    for (const found of jobs) {
      if (found && (filter.status === undefined || found.value.status === filter.status)) items.push(found)
    }
    reads += jobs.length
    after = page.next
    if (after === undefined) return { items }
    if (items.length >= filter.limit || reads >= MOST_READS) {
      return { items, nextCursor: toCursor(after, prefix) }
    }
  }
}

/** The job that a hint names; `undefined` for a tombstone, a hint ahead of its record, or a newer record. */
async function readHinted(store: StateStore, key: string): Promise<Found<JobRecord> | undefined> {
  const hint = parseJobHint(key)
  const found = hint && (await store.get<JobRecord>(jobKey(hint.jobId)))
  return found && parseJob(found).kind === 'job' ? found : undefined
}

const toCursor = (after: string, prefix: string): string =>
  Buffer.from(after.slice(prefix.length)).toString('base64url')

function fromCursor(cursor: string, prefix: string): string {
  const rest = Buffer.from(cursor, 'base64url').toString()
  if (/^\d{13}-[A-Za-z0-9_]+$/.test(rest)) return prefix + rest
  throw new ReelmillError(
    'invalid-request',
    'The cursor is not valid. Take nextCursor of the page before, unchanged.',
    {
      errors: [{ pointer: 'cursor', code: 'invalid-request', message: 'is not a cursor of this list' }],
    },
  )
}
