import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import { occupyPlace } from '#shared/workers/condemn-worker.ts'
import type { Driver } from './drivers/driver.ts'
import type { MasterLease } from './master-lease.ts'

export interface GiveUpContext {
  readonly store: StateStore
  readonly clock: Clock
  readonly log: Log
  readonly driver: Driver
  readonly lease: Pick<MasterLease, 'change'>
}

/**
 * Ends the life of an intent, in steps that any master can resume, because the next look finds the final record:
 *
 * 1. its worker's place is occupied, so that a machine that comes late is not admitted (H6);
 * 2. its token is consumed where the provider remembers tokens, so that a launch that comes late makes no second
 *    machine (H7), and the machine is terminated;
 * 3. the intent leaves the record.
 *
 * False when it is not over: the worker has registered after all, or the provider could not be asked.
 */
export async function giveUp(
  context: GiveUpContext,
  id: string,
  reason: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const { driver, lease, log } = context
  const place = await occupyPlace(context, id, reason, signal)
  if (place.outcome === 'alive') return false
  if (driver.remembersTokens) {
    const [launched] = await driver.launch([id], signal)
    if (launched?.outcome === 'failed') {
      log.warn({ machine: id, reason: launched.failure.reason }, 'its token could not be consumed yet')
      return false
    }
  }
  const [ended] = await driver.terminate([id], signal)
  if (ended?.outcome === 'failed') {
    log.warn({ machine: id, reason: ended.failure.reason }, 'the machine could not be terminated yet')
    return false
  }
  const dropped = await lease.change(
    (intents) => {
      const { [id]: _, ...rest } = intents
      return id in intents ? rest : undefined
    },
    (intents) => !(id in intents),
    signal,
  )
  if (dropped) log.info({ machine: id, reason }, 'gave a machine up')
  return dropped
}
