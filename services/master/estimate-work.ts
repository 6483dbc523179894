const MIB = 2 ** 20
// Even the smallest job is fetched, probed, verified and published.
const LEAST_MS = 5_000
const UNKNOWN_MS = 60_000

/**
 * How long a job will keep a worker busy, in milliseconds, by the size of its input. Coarse, and that is enough:
 * it only says how many workers to have, and is corrected as soon as a job runs and tells its own estimate.
 */
export function estimateWorkMs(sizeBytes: number | undefined, msPerMiB: number): number {
  return sizeBytes === undefined ? UNKNOWN_MS : LEAST_MS + (sizeBytes / MIB) * msPerMiB
}
