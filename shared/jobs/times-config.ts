import { z } from 'zod'
import { seconds } from '#shared/config.ts'
import { ReelmillError } from '#shared/errors.ts'
import { defaultJobTimes, type JobTimes } from '#shared/jobs/times.ts'

/**
 * The variables that say how long things live, the same for frontend, master and worker: they must agree, so
 * set them for all three or for none. In seconds.
 */
export const timesConfig = z.object({
  REELMILL_LEASE_SEC: seconds(1).default(defaultJobTimes.leaseMs),
  REELMILL_HEARTBEAT_SEC: seconds(0.1).default(defaultJobTimes.heartbeatMs),
  REELMILL_LEASE_CHECK_SEC: seconds(0.1).default(defaultJobTimes.leaseCheckMs),
  REELMILL_RING_AGAIN_SEC: seconds(0.1).default(defaultJobTimes.ringAgainMs),
  REELMILL_ORPHAN_HINT_SEC: seconds(1).default(defaultJobTimes.orphanHintMs),
  REELMILL_JOB_LIFE_SEC: seconds(1).default(defaultJobTimes.jobLifeMs),
  REELMILL_RETENTION_SEC: seconds(1).default(defaultJobTimes.retentionMs),
  REELMILL_UPLOAD_LIFE_SEC: seconds(1).default(defaultJobTimes.uploadLifeMs),
  REELMILL_IDEMPOTENCY_LIFE_SEC: seconds(1).default(defaultJobTimes.idempotencyLifeMs),
})

/** Throws `configuration-invalid` when a healthy worker could lose its lease between two heartbeats. */
export function jobTimes(config: z.output<typeof timesConfig>): JobTimes {
  if (config.REELMILL_LEASE_SEC < 3 * config.REELMILL_HEARTBEAT_SEC) {
    throw new ReelmillError(
      'configuration-invalid',
      'REELMILL_LEASE_SEC must be at least three times REELMILL_HEARTBEAT_SEC: one late heartbeat must not cost a lease.',
    )
  }
  return {
    leaseMs: config.REELMILL_LEASE_SEC,
    heartbeatMs: config.REELMILL_HEARTBEAT_SEC,
    leaseCheckMs: config.REELMILL_LEASE_CHECK_SEC,
    ringAgainMs: config.REELMILL_RING_AGAIN_SEC,
    orphanHintMs: config.REELMILL_ORPHAN_HINT_SEC,
    jobLifeMs: config.REELMILL_JOB_LIFE_SEC,
    retentionMs: config.REELMILL_RETENTION_SEC,
    uploadLifeMs: config.REELMILL_UPLOAD_LIFE_SEC,
    idempotencyLifeMs: config.REELMILL_IDEMPOTENCY_LIFE_SEC,
  }
}
