import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { storesConfig } from '#shared/aws/stores-config.ts'
import { flag, integer, seconds } from '#shared/config.ts'
import { ReelmillError } from '#shared/errors.ts'
import type { JobTimes } from '#shared/jobs/times.ts'
import { timesConfig } from '#shared/jobs/times-config.ts'
import type { FleetPolicy } from './snapshot.ts'

/** Every variable that the master reads. Workers inherit its environment, so what they read may be set here, too. */
export const masterConfig = z.object({
  ...storesConfig.shape,
  ...timesConfig.shape,
  REELMILL_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Where worker processes have their pid files, logs and workspaces. */
  REELMILL_DATA: z.string().default('data'),
  /** What launches workers. */
  REELMILL_DRIVER: z.enum(['process']).default('process'),
  /** The tag of this fleet's machines: two fleets on one machine need two names. */
  REELMILL_FLEET_NAME: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be 1 to 32 of a-z 0-9 -')
    .default('reelmill'),
  // One, not none: an idle worker costs 80 MB and spares every first job the start of a process.
  REELMILL_MIN_WORKERS: integer(0, 1000).default(1),
  // Two cores for each: one ffmpeg fills several, and the stores and the frontend want some, too.
  REELMILL_MAX_WORKERS: integer(0, 1000).default(() => Math.max(1, Math.floor(availableParallelism() / 2))),
  /** A job should start within this time; more workers are launched when it would not. */
  REELMILL_WAIT_SLO_SEC: seconds(0).default(30_000),
  /** How long a worker above the minimum stays idle before it is drained; one boot time, if that is longer. */
  REELMILL_KEEP_IDLE_SEC: seconds(0).default(30_000),
  /** Assumed until the first boot was measured. */
  REELMILL_BOOT_SEC: seconds(0).default(2_000),
  REELMILL_BOOT_DEADLINE_SEC: seconds(1).default(60_000),
  /** Assumed work for each MiB of input, until a job runs and tells its own estimate. */
  REELMILL_WORK_SEC_PER_MIB: seconds(0).default(500),
  REELMILL_TICK_SEC: seconds(0.05).default(5_000),
  REELMILL_IDLE_TICK_SEC: seconds(0.05).default(30_000),
  REELMILL_TIDY_SEC: seconds(1).default(600_000),
  REELMILL_MASTER_RENEW_SEC: seconds(0.1).default(10_000),
  REELMILL_MASTER_TAKEOVER_SEC: seconds(0.3).default(30_000),
  /**
   * What becomes of the workers when the master is asked to stop: `terminate` leaves no process behind (jobs are
   * handed back), `keep` leaves them to the next master, for an upgrade of the master alone.
   */
  REELMILL_WORKERS_ON_STOP: z.enum(['terminate', 'keep']).default('terminate'),
  /** Lets webhooks go to private addresses: for tests, and where all tenants are trusted. */
  REELMILL_WEBHOOKS_ALLOW_PRIVATE: flag().default(false),
})
export type MasterConfig = z.output<typeof masterConfig>

/** Throws `configuration-invalid` when the numbers contradict each other. */
export function fleetPolicy(config: MasterConfig, times: JobTimes): FleetPolicy {
  const problems: string[] = []
  if (config.REELMILL_MIN_WORKERS > config.REELMILL_MAX_WORKERS) {
    problems.push('REELMILL_MIN_WORKERS must not be above REELMILL_MAX_WORKERS.')
  }
  if (config.REELMILL_MASTER_TAKEOVER_SEC < 3 * config.REELMILL_MASTER_RENEW_SEC) {
    problems.push(
      'REELMILL_MASTER_TAKEOVER_SEC must be at least three times REELMILL_MASTER_RENEW_SEC: one late renewal must not change masters.',
    )
  }
  if (problems.length > 0) {
    throw new ReelmillError('configuration-invalid', problems.join(' '), { facts: { problems } })
  }
  return {
    minWorkers: config.REELMILL_MIN_WORKERS,
    maxWorkers: config.REELMILL_MAX_WORKERS,
    waitSloMs: config.REELMILL_WAIT_SLO_SEC,
    keepIdleMs: config.REELMILL_KEEP_IDLE_SEC,
    leaseMs: times.leaseMs,
    bootDeadlineMs: config.REELMILL_BOOT_DEADLINE_SEC,
    provenMs: Math.min(30_000, config.REELMILL_BOOT_DEADLINE_SEC),
    keepRecordsMs: Math.max(60 * 60_000, 10 * times.leaseMs),
    staleCensusMs: Math.max(3 * config.REELMILL_TICK_SEC, 3_000),
    unknownRemainingMs: 60_000,
  }
}
