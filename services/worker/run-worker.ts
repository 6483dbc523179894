import type { Sweep } from '#shared/jobs/sweep.ts'
import type { AttemptContext } from './attempt.ts'
import { leaveWithoutMaster, sweepWhenIdle } from './idle-duties.ts'
import { serveBells } from './worker.ts'

export interface WorkerContext extends AttemptContext {
  /**
   * Walks the open jobs at a low rate while there is nothing else to do; opened when it is first due; left out, it does
   * not.
   */
  readonly idleSweep?: { readonly open: () => Promise<Sweep>; readonly everyMs: number }
  /** For a worker that a master launched: how long it stays when no master is seen. */
  readonly masterGoneMs?: number
}

/**
 * A worker's life after registration: heartbeat and work side by side, until it is drained, dismissed or
 * interrupted; then its last word. Resolves when nothing of it runs any more.
 */
export async function runWorker(context: WorkerContext): Promise<void> {
  const { registration, times, interrupted, log } = context
  const over = new AbortController()
  const beating = registration.beat(
    { heartbeatMs: times.heartbeatMs, outOfTouchMs: times.leaseMs },
    over.signal,
  )
  const duties = [
    context.idleSweep &&
      sweepWhenIdle({ ...context, ...context.idleSweep }, context.idleSweep.everyMs, over.signal),
    context.masterGoneMs !== undefined && leaveWithoutMaster(context, context.masterGoneMs, over.signal),
  ]
  try {
    await serveBells(context, interrupted)
  } finally {
    over.abort(new Error('the worker has ended'))
    await Promise.all([beating, ...duties])
  }
  if (registration.dismissed.aborted) {
    log.warn({ reason: registration.dismissed.reason }, 'exiting without a last word: others have taken over')
    return
  }
  await registration.bowOut()
  log.info({}, 'drained')
}
