import { workerKey } from '#shared/jobs/keys.ts'
import { readJob } from '#shared/jobs/read-job.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'
import { parseWorker, type WorkerRecord } from '#shared/workers/worker-record.ts'
import type { SeenJob } from './present-job.ts'

/** Reads a job of the tenant and, while it runs, what its worker says. Throws as {@link readJob}. */
export async function seeJob(store: StateStore, tenant: string, jobId: string): Promise<SeenJob> {
  return withWorker(store, await readJob(store, tenant, jobId))
}

/** Adds what the worker says to a job that was read. */
export async function withWorker(store: StateStore, found: Found<JobRecord>): Promise<SeenJob> {
  const { status, lease } = found.value
  if (status !== 'running' || !lease) return { found }
  const worker = await store.get<WorkerRecord>(workerKey(lease.worker))
  return worker && parseWorker(worker).kind === 'worker' ? { found, worker: worker.value } : { found }
}
