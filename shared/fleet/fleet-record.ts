import { z } from 'zod'
import { parseVersioned, RECORD_VERSION } from '#shared/jobs/record.ts'
import type { Found, Stamp } from '#shared/state/state-store.ts'

const time = z.iso.datetime()

/**
 * A decision to have one machine. Its id is the machine's name, the driver's token and the id of the worker on
 * it, and is never used again.
 *
 *   planned --seen in the driver's list, or its worker registered--> up
 *
 * An intent leaves the record only after the place of its worker is occupied by a final record (giving up, H6).
 */
const intent = z.object({
  state: z.enum(['planned', 'up']),
  driver: z.string(),
  since: time,
})

/** What the last tick saw and decided, for people and for GET /v1/fleet. Nothing is decided on it. */
const summary = z.object({
  at: time,
  queued: z.int(),
  running: z.int(),
  workers: z.object({ idle: z.int(), busy: z.int(), draining: z.int(), booting: z.int(), static: z.int() }),
  minWorkers: z.int(),
  maxWorkers: z.int(),
  /** The longest wait that is predicted for a queued job, from its creation; absent when nothing will run it. */
  predictedWaitSec: z.number().optional(),
  reason: z.string().describe('Why the fleet was grown, shrunk or left as it is; a sentence'),
  /** Why nothing is launched for now: the breaker after failed boots, or a provider without capacity. */
  paused: z.string().optional(),
})
export type FleetSummary = z.infer<typeof summary>

/** `fleet/state.json`: the master's lease and its launch intents in one object. docs/protocol.md, "The fleet". */
export const fleetRecord = z.object({
  kind: z.literal('fleet'),
  version: z.literal(RECORD_VERSION),
  /** The id of the master that holds the lease; '' when the last one laid it down. */
  owner: z.string(),
  /** Where that master runs: another start on the same machine can tell that it is dead. */
  ownerProcess: z.string().optional(),
  /** Grows with each change of owner. */
  epoch: z.int(),
  renewedAt: time,
  intents: z.record(z.string(), intent),
  summary: summary.optional(),
})
export type FleetRecord = z.infer<typeof fleetRecord>

export type ReadFleet = (FleetRecord | { readonly kind: 'newer' }) & Stamp

export const parseFleet = (found: Found): ReadFleet =>
  parseVersioned(found, fleetRecord) as unknown as ReadFleet
