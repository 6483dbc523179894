import type { Found, StateStore } from '#shared/state/state-store.ts'
import type { WorkerRecord } from '#shared/workers/worker-record.ts'

/**
 * Asks an idle worker to take no more work: swaps its record from `idle` to `draining`. False when it is not
 * idle any more; a worker swaps to `busy` before it takes a lease, so no busy one can be caught (P7).
 */
export async function drainWorker(
  store: StateStore,
  found: Found<WorkerRecord>,
  signal?: AbortSignal,
): Promise<boolean> {
  const swapped = await store.swap<WorkerRecord>(
    found,
    (current) => (current.state === 'idle' ? { ...current, state: 'draining' } : undefined),
    (current) => current.state === 'draining' || current.state === 'drained',
    signal,
  )
  return swapped.outcome === 'done'
}
