import { WORKERS_PREFIX } from '#shared/jobs/keys.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import { isFinal, parseWorker, type WorkerRecord } from '#shared/workers/worker-record.ts'
import type { Page } from '../shapes/page.ts'
import type { Worker } from '../shapes/worker.ts'

/** The workers that are registered and not gone, one page by id. Whose jobs they run is each tenant's secret. */
export async function listWorkers(
  context: { readonly store: StateStore },
  caller: Caller,
  query: { readonly limit?: number; readonly cursor?: string },
): Promise<Page<Worker>> {
  const { records, next } = await readWorkers(context.store, query)
  return {
    items: records.map((record) => presentWorker(record, caller.tenant)),
    ...(next !== undefined && { nextCursor: next }),
  }
}

/** Records of workers that are not final, one page. */
export async function readWorkers(
  store: StateStore,
  query: { readonly limit?: number; readonly cursor?: string },
): Promise<{ readonly records: readonly WorkerRecord[]; readonly next?: string }> {
  const page = await store.listHints(WORKERS_PREFIX, {
    limit: query.limit ?? 100,
    ...(query.cursor !== undefined && { after: WORKERS_PREFIX + query.cursor }),
  })
  const found = await Promise.all(page.hints.map(({ key }) => store.get<WorkerRecord>(key)))
  const records = found.flatMap((worker) => {
    if (!worker) return []
    const parsed = parseWorker(worker)
    return parsed.kind === 'worker' && !isFinal(parsed) ? [parsed] : []
  })
  return { records, ...(page.next !== undefined && { next: page.next.slice(WORKERS_PREFIX.length) }) }
}

function presentWorker(record: WorkerRecord, tenant: string): Worker {
  const mine = record.tenant === tenant
  return {
    id: record.id,
    state: record.state,
    static: record.static,
    host: record.host,
    startedAt: record.startedAt,
    heartbeatAt: record.heartbeatAt,
    ...(record.jail !== undefined && { jail: record.jail }),
    ...(record.release !== undefined && { release: record.release }),
    ...(mine && record.job !== undefined && { jobId: record.job }),
    ...(record.progress && { phase: record.progress.phase }),
    ...(record.progress?.ratio !== undefined && { progress: record.progress.ratio }),
    ...(record.progress?.realtimeFactor !== undefined && { realtimeFactor: record.progress.realtimeFactor }),
  }
}
