import { type FleetRecord, parseFleet } from '#shared/fleet/fleet-record.ts'
import { FLEET_KEY } from '#shared/jobs/keys.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import type { Fleet } from '../shapes/fleet.ts'

/** What the master last saw and decided; empty when there never was one. */
export async function getFleet(context: { readonly store: StateStore }): Promise<Fleet> {
  const found = await context.store.get<FleetRecord>(FLEET_KEY)
  const record = found && parseFleet(found)
  if (record?.kind !== 'fleet') return { machines: [] }
  const { owner, epoch, renewedAt, intents, summary } = record
  return {
    ...(owner !== '' && { master: { id: owner, epoch, renewedAt } }),
    machines: Object.entries(intents).map(([id, { state, driver, since }]) => ({ id, state, driver, since })),
    ...(summary && {
      at: summary.at,
      queued: summary.queued,
      running: summary.running,
      workers: summary.workers,
      minWorkers: summary.minWorkers,
      maxWorkers: summary.maxWorkers,
      reason: summary.reason,
      ...(summary.predictedWaitSec !== undefined && { predictedWaitSec: summary.predictedWaitSec }),
      ...(summary.paused !== undefined && { paused: summary.paused }),
    }),
  }
}
