import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { storesConfig } from '#shared/aws/stores-config.ts'
import { bytes, flag, integer, seconds, share } from '#shared/config.ts'
import { timesConfig } from '#shared/jobs/times-config.ts'
import { defaultRetryPolicy } from '#shared/jobs/transition.ts'
import { defaultLimits } from './ffmpeg/limits.ts'

const GIB = 2 ** 30

/** Every variable that a worker reads. */
export const workerConfig = z.object({
  ...storesConfig.shape,
  ...timesConfig.shape,
  REELMILL_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Given by the master that launched this worker. Without it the worker is static: nobody drains or reaps it. */
  REELMILL_WORKER_ID: z
    .string()
    .regex(/^[A-Za-z0-9_]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 _')
    .optional(),
  REELMILL_WORKSPACE: z.string().default(path.join(tmpdir(), 'reelmill-worker')),
  /** The most that one attempt may put on disk. */
  REELMILL_WORKSPACE_QUOTA: bytes().default(100 * GIB),
  REELMILL_JAIL: z.enum(['auto', 'bwrap', 'none']).default('auto'),
  /** An encode whose clock, frames and bytes all stand still for so long is stopped. */
  REELMILL_ENCODE_STALL_SEC: seconds(1).default(defaultLimits.stallMs),
  /** The longest that an encode may take. */
  REELMILL_ENCODE_TIMEOUT_SEC: seconds(1).default(defaultLimits.encodeTimeoutMs),
  /** The most memory that ffmpeg may take. Default: three quarters of this machine's, at most 8 GiB. */
  REELMILL_ENCODE_MEMORY: bytes().default(() => defaultLimits.memoryBytes),
  /** Of all movies that are made, how many are also decoded whole to verify them: 0 for none, 1 for each. */
  REELMILL_VERIFY_DECODE_SHARE: share().default(0.01),
  REELMILL_MAX_ATTEMPTS: integer(1, 20).default(defaultRetryPolicy.maxAttempts),
  /** How often an idle worker sweeps, so that nothing hangs where no master runs. */
  REELMILL_IDLE_SWEEP_SEC: seconds(1).default(300_000),
  /** Lets webhooks go to private addresses: for tests, and where all tenants are trusted. */
  REELMILL_WEBHOOKS_ALLOW_PRIVATE: flag().default(false),
  /** A launched worker that has seen no master for so long takes no more work and exits. */
  REELMILL_MASTER_GONE_SEC: seconds(1).default(30 * 60_000),
})
