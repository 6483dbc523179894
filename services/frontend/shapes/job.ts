import { z } from 'zod'
import { jobStatus, receipt } from '#shared/jobs/record.ts'
import { check, jobError, mediaInfo, producedFile, stream, warning } from '#shared/jobs/shapes.ts'
import { settings } from '#shared/presets/settings.ts'
import { time } from './text.ts'

const file = producedFile
  .extend({
    url: z.string().describe('Stable; redirects to a presigned URL that is valid for a short time'),
  })
  .meta({ id: 'File' })

/** One output of a job as clients see it. */
export const outputResult = z
  .object({
    name: z.string(),
    kind: z.string().describe('file | stills'),
    status: z.string().describe('pending | running | succeeded | failed | skipped | canceled'),
    reason: z.string().optional().describe('Why it was skipped'),
    progress: z.number().min(0).max(1).optional(),
    preset: z.string().describe('name@version'),
    settings: settings.describe('As they were frozen when the job was submitted'),
    durationSec: z.number().optional(),
    streams: z.array(stream).optional(),
    files: z.array(file).describe('The principal ones, at most 100'),
    fileCount: z.int(),
    totalBytes: z.int(),
    checks: z.array(check).describe('What was verified before the job succeeded'),
    error: jobError.optional(),
  })
  .meta({ id: 'OutputResult' })
export type OutputResult = z.output<typeof outputResult>

const input = z
  .object({
    id: z.string(),
    source: z.object({ uploadId: z.string().optional(), url: z.string().optional() }),
    detected: mediaInfo.optional().describe('What the movie turned out to be'),
  })
  .meta({ id: 'JobInput' })

const attempt = z
  .object({
    number: z.int(),
    worker: z.string(),
    startedAt: time,
    endedAt: time.optional(),
    outcome: z
      .string()
      .optional()
      .describe('succeeded | failed | canceled | lost | interrupted; absent while it runs'),
    error: jobError.optional(),
  })
  .meta({ id: 'Attempt' })

/** A job as clients see it. */
export const job = z
  .object({
    id: z.string(),
    revision: z.int().describe('Grows with every change'),
    retryOf: z.string().optional(),
    status: jobStatus,
    done: z.boolean().describe('Ended, and everyone who asked to be told has been told or given up on'),
    phase: z.string().optional().describe('fetch | probe | encode | verify | upload, while it runs'),
    progress: z.number().min(0).max(1).optional().describe('Absent means unknown'),
    etaSec: z.number().optional(),
    realtimeFactor: z.number().optional().describe('Seconds of movie encoded per second'),
    waitingFor: z.string().optional().describe('capacity, while it is queued'),
    inputs: z.array(input),
    outputs: z.array(outputResult),
    reference: z.string().optional(),
    metadata: z.record(z.string(), z.string()),
    notify: z
      .array(z.object({ kind: z.string(), url: z.string(), events: z.array(z.string()) }))
      .describe('Whom to tell'),
    cancelRequestedAt: time.optional(),
    error: jobError.optional(),
    warnings: z.array(warning),
    attempts: z.array(attempt),
    delivery: z
      .object({
        status: z.string().describe('none | pending | delivered | failed'),
        error: z.string().optional(),
      })
      .meta({ id: 'Delivery' }),
    createdAt: time,
    startedAt: time.optional(),
    endedAt: time.optional(),
    expiresAt: time.optional().describe('When the job and its outputs are deleted'),
    receipt: receipt.meta({ id: 'Receipt' }).optional(),
  })
  .meta({ id: 'Job' })
export type Job = z.output<typeof job>
