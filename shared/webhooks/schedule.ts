const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

// As the Standard Webhooks specification 1.0 suggests: quick at first for a restart, then days for an outage.
const WAITS_MS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
]

/**
 * How many milliseconds to wait after `attempts` tries (0 before the first) until the next; `undefined` when it is
 * time to give up, about three days after the first.
 */
export const nextDelivery = (attempts: number): number | undefined =>
  attempts === 0 ? 0 : WAITS_MS[attempts - 1]
