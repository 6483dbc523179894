import { z } from 'zod'
import { time } from './text.ts'

/** A worker as administrators see it. */
export const worker = z
  .object({
    id: z.string(),
    state: z.string().describe('idle | busy | draining'),
    static: z.boolean().describe('True when it was started by hand or by an orchestrator, not by the master'),
    host: z.string(),
    jail: z.string().optional().describe('bwrap | none: what ffmpeg is locked into'),
    release: z.string().optional(),
    startedAt: time,
    heartbeatAt: time,
    jobId: z.string().optional().describe("Only when the job is this tenant's"),
    phase: z.string().optional(),
    progress: z.number().min(0).max(1).optional(),
    realtimeFactor: z.number().optional(),
  })
  .meta({ id: 'Worker' })
export type Worker = z.output<typeof worker>
