import { z } from 'zod'
import { parseVersioned, RECORD_VERSION } from '#shared/jobs/record.ts'
import type { Found, Stamp } from '#shared/state/state-store.ts'

const progress = z.object({
  phase: z.string().describe('fetch | probe | encode | verify | upload'),
  ratio: z.number().min(0).max(1).optional(),
  /** Seconds of movie encoded per second of wall time. */
  realtimeFactor: z.number().optional(),
  etaSec: z.number().optional(),
})
export type Progress = z.infer<typeof progress>

/**
 * A worker's own record, `w/<workerId>.json`; the id is that of the launch intent, so that creating the record
 * is the admission.
 *
 *   idle <-> busy            the worker's own swaps, each time before it takes a lease and after it settled
 *   idle --> draining        the master's (or the worker's own, at SIGTERM): no more leases from here on
 *   draining --> drained     the worker's last word
 *   any --> condemned        the master's: whoever finds it in its own record stops at once
 *
 * `drained` and `condemned` are final. `busy` lists the lease that it is for; `idle` never lists one (I9).
 */
export const workerRecord = z.object({
  kind: z.literal('worker'),
  version: z.literal(RECORD_VERSION),
  id: z.string(),
  /** Made anew by each start of a process: a restarted machine is not the one that registered. */
  bootId: z.string(),
  /** True for a worker that no master launched (Compose, Kubernetes): capacity, but never drained or reaped. */
  static: z.boolean(),
  state: z.enum(['idle', 'busy', 'draining', 'drained', 'condemned']),
  /** Grows with every heartbeat. */
  seq: z.int(),
  startedAt: z.iso.datetime(),
  heartbeatAt: z.iso.datetime(),
  host: z.string(),
  pid: z.int().optional(),
  jail: z.string().optional().describe('bwrap | none'),
  /** The release of Reelmill that it runs. */
  release: z.string().optional(),
  job: z.string().optional(),
  tenant: z.string().optional(),
  task: z.string().optional(),
  leaseId: z.string().optional(),
  progress: progress.optional(),
  /** Why it was condemned. */
  reason: z.string().optional(),
})
export type WorkerRecord = z.infer<typeof workerRecord>

/** Occupies the place of a worker that was given up before it registered, so that it can never be admitted. */
export const condemnedPlace = (id: string, at: string, reason: string): WorkerRecord => ({
  kind: 'worker',
  version: RECORD_VERSION,
  id,
  bootId: 'never-registered',
  static: false,
  state: 'condemned',
  seq: 0,
  startedAt: at,
  heartbeatAt: at,
  host: 'unknown',
  reason,
})

export type ReadWorker = (WorkerRecord | { readonly kind: 'newer' }) & Stamp

export const parseWorker = (found: Found): ReadWorker =>
  parseVersioned(found, workerRecord) as unknown as ReadWorker

export const isFinal = (worker: WorkerRecord): boolean =>
  worker.state === 'drained' || worker.state === 'condemned'
