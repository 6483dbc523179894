/** How long things live and how soon they are noticed. Configuration, so that tests need not wait. Milliseconds. */
export interface JobTimes {
  /** A lease whose worker's record has not changed for so long is dead. */
  readonly leaseMs: number
  /** How often a worker swaps its record. */
  readonly heartbeatMs: number
  /** How often a worker looks at its job: a lost lease or a wish to cancel is noticed so soon. */
  readonly leaseCheckMs: number
  /** How long after a ring the sweep rings again. */
  readonly ringAgainMs: number
  /** A hint whose record is still missing after this is occupied by a tombstone. */
  readonly orphanHintMs: number
  /** The longest that a job may wait to be run; its inputs are kept at least so long. */
  readonly jobLifeMs: number
  /** How long the outputs and record of an ended job are kept. */
  readonly retentionMs: number
  /** How long an upload that no job uses is kept. */
  readonly uploadLifeMs: number
  readonly idempotencyLifeMs: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export const defaultJobTimes: JobTimes = {
  leaseMs: 60 * SECOND,
  heartbeatMs: 15 * SECOND,
  leaseCheckMs: 4 * SECOND,
  ringAgainMs: MINUTE,
  orphanHintMs: 10 * MINUTE,
  jobLifeMs: 7 * DAY,
  retentionMs: 30 * DAY,
  uploadLifeMs: DAY,
  idempotencyLifeMs: DAY,
}

/** Tombstones of jobs outlive every replay that could bring them back: the idempotency life and a week more. */
export const tombstoneLifeMs = (times: JobTimes): number => times.idempotencyLifeMs + 7 * DAY
