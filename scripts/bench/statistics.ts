/** What several measurements of one thing say. */
export interface Summary {
  readonly median: number
  readonly least: number
  readonly most: number
  readonly count: number
}

/** Throws for an empty list: nothing was measured, and that is no number. */
export function summary(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    median: quantile(sorted, 0.5),
    least: quantile(sorted, 0),
    most: quantile(sorted, 1),
    count: sorted.length,
  }
}

/** Throws for an empty list, as {@link summary} does. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new Error('nothing was measured')
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The value below which the share `q` (0..1) of `values` lies, interpolated between neighbours. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  if (low === undefined || high === undefined) throw new Error('nothing was measured')
  return low + (high - low) * (at - Math.floor(at))
}
