import { z } from 'zod'

/** Whether this server can do its work, and which dependency it lacks if not. */
export const health = z
  .object({
    status: z.string().describe('ok | degraded | unavailable'),
    dependencies: z.array(
      z
        .object({
          name: z.string(),
          status: z.string().describe('ok | unavailable'),
          latencyMs: z.int().optional(),
        })
        .meta({ id: 'Dependency' }),
    ),
    jails: z
      .record(z.string(), z.int())
      .describe('How many workers lock ffmpeg into which jail; none is none'),
  })
  .meta({ id: 'Health' })
export type Health = z.output<typeof health>
