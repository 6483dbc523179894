import type { Clock } from '#shared/clock.ts'
import { messageOf } from '#shared/errors.ts'
import { FLEET_KEY } from '#shared/jobs/keys.ts'
import type { Sweep } from '#shared/jobs/sweep.ts'
import type { Log } from '#shared/log.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import type { Registration } from './registration.ts'

export interface IdleDutiesContext {
  readonly store: StateStore
  readonly registration: Registration
  readonly clock: Clock
  readonly log: Log
}

/**
 * Sweeps every `everyMs` while this worker is idle, until `signal` is aborted: where no master runs, nothing may
 * hang. A sweep that fails is logged and comes again.
 */
export async function sweepWhenIdle(
  context: IdleDutiesContext & { readonly open: () => Promise<Sweep> },
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { registration, clock, log } = context
  let opened: Promise<Sweep> | undefined
  await repeat(clock, everyMs, signal, async () => {
    if (registration.state !== 'idle') return
    try {
      opened ??= context.open()
      await (await opened).pass(signal)
    } catch (error) {
      if (!signal.aborted) log.warn({ reason: messageOf(error) }, 'the sweep of an idle worker failed')
    }
  })
}

/**
 * Drains this worker when no master has renewed its lease for `goneMs` on our own clock: a machine that nobody
 * watches would cost money for ever. A store that does not answer proves nothing about the master.
 */
export async function leaveWithoutMaster(
  context: IdleDutiesContext,
  goneMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { store, registration, clock, log } = context
  let etag = ''
  let sinceMs = clock.monotonicMs()
  await repeat(clock, goneMs / 10, signal, async () => {
    try {
      const seen = await store.getIfChanged(FLEET_KEY, etag, signal)
      const now = clock.monotonicMs()
      if (seen !== 'unchanged' && seen !== undefined) {
        etag = seen.etag
        sinceMs = now
      } else if (now - sinceMs >= goneMs) {
        log.warn(
          { silentSec: Math.round((now - sinceMs) / 1000) },
          'no master has been seen for long; leaving',
        )
        await registration.drain()
      }
    } catch (error) {
      sinceMs = clock.monotonicMs()
      if (!signal.aborted) log.warn({ reason: messageOf(error) }, 'the master could not be looked for')
    }
  })
}

async function repeat(
  clock: Clock,
  everyMs: number,
  signal: AbortSignal,
  act: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(everyMs, signal)
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    await act()
  }
}
