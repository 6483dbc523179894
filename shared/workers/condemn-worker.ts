import { type Clock, isoTime } from '#shared/clock.ts'
import { workerKey } from '#shared/jobs/keys.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'
import { condemnedPlace, isFinal, parseWorker, type WorkerRecord } from '#shared/workers/worker-record.ts'

export type Condemnation =
  /** It is final now: condemned, or it had drained by itself. */
  | { readonly outcome: 'final'; readonly found: Found<WorkerRecord> }
  /** It moved since it was last seen, so it is alive: nothing was done. */
  | { readonly outcome: 'alive'; readonly found: Found<WorkerRecord> | undefined }

/**
 * Condemns a worker, but only from the version that was last seen: a heartbeat in between wins. The lease that
 * it may hold is then expired by the next sweep. Only after this may its machine be terminated (I8).
 */
export async function condemnWorker(
  store: StateStore,
  found: Found<WorkerRecord>,
  reason: string,
  signal?: AbortSignal,
): Promise<Condemnation> {
  const swapped = await store.swap<WorkerRecord>(
    found,
    // The etag stands for everything in the record; after a refusal it is a new one, and the worker lives.
    (current) =>
      current.writeId === found.value.writeId && !isFinal(current)
        ? { ...current, state: 'condemned', reason }
        : undefined,
    isFinal,
    signal,
  )
  return swapped.outcome === 'done'
    ? { outcome: 'final', found: swapped.found }
    : { outcome: 'alive', found: swapped.found }
}

/**
 * Takes the place of a worker that never registered, so that it never can. When it has registered after all the
 * answer is `alive`, and nothing was done.
 */
export async function occupyPlace(
  context: { readonly store: StateStore; readonly clock: Clock },
  workerId: string,
  reason: string,
  signal?: AbortSignal,
): Promise<Condemnation> {
  const place = condemnedPlace(workerId, isoTime(context.clock.now()), reason)
  const { found } = await context.store.create<WorkerRecord>(workerKey(workerId), place, signal)
  const worker = parseWorker(found)
  return worker.kind === 'worker' && isFinal(worker)
    ? { outcome: 'final', found }
    : { outcome: 'alive', found }
}
