/** A job that waits: how long it will run and how long it has waited, in milliseconds. */
export interface WaitingJob {
  readonly workMs: number
  readonly waitedMs: number
}

/**
 * Predicts for each job, in their order, how long it will have waited when it starts, if each goes to whoever is
 * free first. `freeAtMs` says in how many milliseconds each worker is free. Without workers they wait for ever.
 */
export function predictWaits(jobs: readonly WaitingJob[], freeAtMs: readonly number[]): number[] {
  const heap = [...freeAtMs].sort((a, b) => a - b) // sorted is a heap already
  return jobs.map(({ workMs, waitedMs }) => {
    const startMs = heap[0]
    if (startMs === undefined) return Number.POSITIVE_INFINITY
    heap[0] = startMs + workMs
    siftDown(heap)
    return waitedMs + startMs
  })
}

/**
 * The smallest number of further workers, each free after `bootMs`, with which the predicted waits stay under
 * `sloMs`; or, when no number up to `most` is enough, the smallest that keeps the excess as small as it can be.
 */
export function furtherWorkers(
  jobs: readonly WaitingJob[],
  freeAtMs: readonly number[],
  options: { readonly bootMs: number; readonly sloMs: number; readonly most: number },
): number {
  // More workers than jobs help nobody.
  const most = Math.min(options.most, jobs.length)
  const excess = (further: number): number =>
    predictWaits(jobs, [...freeAtMs, ...Array<number>(further).fill(options.bootMs)]).reduce(
      (sum, waitMs) => sum + Math.max(0, waitMs - options.sloMs),
      0,
    )
  if (most <= 0) return 0
  const least = excess(most)
  // One more worker never makes a job start later, so the excess only falls and can be searched by halves.
  let [tooFew, enough] = [-1, most]
  while (enough - tooFew > 1) {
    const middle = (tooFew + enough) >> 1
    if (excess(middle) <= least) enough = middle
    else tooFew = middle
  }
  return enough
}

function siftDown(heap: number[]): void {
  const value = heap[0] ?? 0
  let at = 0
  for (;;) {
    const left = 2 * at + 1
    const leftValue = heap[left]
    if (leftValue === undefined) break
    const rightValue = heap[left + 1]
    const child = rightValue !== undefined && rightValue < leftValue ? left + 1 : left
    const childValue = Math.min(leftValue, rightValue ?? leftValue)
    if (value <= childValue) break
    heap[at] = childValue
    at = child
  }
  heap[at] = value
}
