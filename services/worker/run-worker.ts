import type { AttemptContext } from './attempt.ts'
import { serveBells } from './worker.ts'

/**
 * A worker's life after registration: heartbeat and work side by side, until it is drained, dismissed or
 * interrupted; then its last word. Resolves when nothing of it runs any more.
 */
export async function runWorker(context: AttemptContext): Promise<void> {
  const { registration, times, interrupted, log } = context
  const over = new AbortController()
  const beating = registration.beat(
    { heartbeatMs: times.heartbeatMs, outOfTouchMs: times.leaseMs },
    over.signal,
  )
  try {
    await serveBells(context, interrupted)
  } finally {
    over.abort(new Error('the worker has ended'))
    await beating
  }
  if (registration.dismissed.aborted) {
    log.warn({ reason: registration.dismissed.reason }, 'exiting without a last word: others have taken over')
    return
  }
  await registration.bowOut()
  log.info({}, 'drained')
}
