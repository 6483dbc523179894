import { messageOf } from '#shared/errors.ts'
import type { ReceivedBell } from '#shared/queue/bell-queue.ts'
import { type AttemptContext, runAttempt } from './attempt.ts'
import { takeLease } from './lease.ts'

const POLL_SEC = 20
const AFTER_FAILURE_MS = 2_000

/**
 * Takes bells one at a time until `stopTaking` is aborted or the registration says draining, and runs each job
 * whose lease it gets. Only one job at a time: ffmpeg uses every core that it is given.
 */
export async function serveBells(context: AttemptContext, stopTaking: AbortSignal): Promise<void> {
  const { queue, registration, clock, log } = context
  const stop = AbortSignal.any([stopTaking, registration.draining])
  while (!stop.aborted) {
    try {
      const bells = await queue.receive({ most: 1, waitSec: POLL_SEC, signal: stop })
      for (const bell of bells) await answer(context, bell)
    } catch (error) {
      if (stop.aborted) return
      log.warn({ reason: messageOf(error) }, 'no bell could be received or answered; trying again')
      await clock.sleep(AFTER_FAILURE_MS, stop).catch(() => undefined) // only ever aborted, which ends the loop
    }
  }
}

async function answer(context: AttemptContext, bell: ReceivedBell): Promise<void> {
  const { queue, registration } = context
  const log = context.log.child({ jobId: bell.jobId })
  const taken = await takeLease({ ...context, log }, bell)
  switch (taken.outcome) {
    case 'nothing-to-do':
      return queue.delete(bell.receipt)
    case 'draining':
      return queue.extend(bell.receipt, 0)
    case 'leased': {
      const { lease } = taken
      // The record is ours, so the bell has done its work: nothing has to be kept invisible for hours. Failing
      // to delete it costs another worker a look, no more.
      await queue
        .delete(bell.receipt)
        .catch((error: unknown) => log.warn({ reason: messageOf(error) }, 'the bell could not be deleted'))
      log.info({ fence: lease.fence }, 'took the job')
      try {
        const job = await runAttempt({ ...context, log }, lease)
        log.info({ fence: lease.fence, status: job?.status ?? 'not ours any more' }, 'the attempt is over')
      } finally {
        await registration.layDown() // after the job was settled: j before w (H2)
      }
      return
    }
    default:
      throw taken satisfies never
  }
}
