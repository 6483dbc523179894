import { z } from 'zod'
import { time } from './text.ts'

/** What the master last saw and decided. */
export const fleet = z
  .object({
    master: z
      .object({ id: z.string(), epoch: z.int(), renewedAt: time })
      .meta({ id: 'FleetMaster' })
      .optional()
      .describe('Absent when no master has the lease'),
    machines: z.array(
      z
        .object({
          id: z.string(),
          state: z.string().describe('planned | up'),
          driver: z.string(),
          since: time,
        })
        .meta({ id: 'FleetMachine' }),
    ),
    at: time.optional().describe('When the figures below were seen'),
    queued: z.int().optional(),
    running: z.int().optional(),
    workers: z.record(z.string(), z.int()).optional().describe('idle, busy, draining, booting, static'),
    minWorkers: z.int().optional(),
    maxWorkers: z.int().optional(),
    predictedWaitSec: z.number().optional(),
    reason: z.string().optional().describe('Why the fleet was grown, shrunk or left as it is'),
    paused: z.string().optional().describe('Why nothing is launched for now'),
  })
  .meta({ id: 'Fleet' })
export type Fleet = z.output<typeof fleet>
