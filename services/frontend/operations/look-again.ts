import type { SeenJob } from './present-job.ts'

/** Nobody waits longer for what comes sooner than was thought, unless `pollMs` is longer. */
const MOST_MS = 2_000
const SHARE = 1 / 4

/**
 * For how many milliseconds a watcher may look away from a job: a quarter of the time for which its worker is still
 * expected to encode, or else of the time that it has been queued or running already, since more of the same is what
 * comes next. At least `pollMs`, which holds for all that comes after the encode: the end is seen soon, and the long
 * middle costs little.
 */
export function lookAgainMs(
  { found: { value: job }, worker }: SeenJob,
  { pollMs, nowMs }: { readonly pollMs: number; readonly nowMs: number },
): number {
  const { phase, etaSec } = worker?.progress ?? {}
  if (phase === 'verify' || phase === 'upload') return pollMs
  const goesOnMs =
    worker && phase === 'encode' && etaSec !== undefined
      ? // A worker whose clock is ahead of ours has at least not said it longer ago.
        etaSec * 1000 - Math.max(0, nowMs - Date.parse(worker.heartbeatAt))
      : nowMs - Date.parse(job.lease?.since ?? job.createdAt)
  return Math.max(pollMs, Math.min(MOST_MS, SHARE * goesOnMs))
}
