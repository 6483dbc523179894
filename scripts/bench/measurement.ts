import type { Summary } from './statistics.ts'

/** Of a value and its goal: `x` is a ratio, `%` a share, the last ones are plain counts. */
export type Unit =
  | 'x'
  | '%'
  | 'ms'
  | 'MiB'
  | 'MiB/s'
  | '/s'
  | 'CPU-s/GiB'
  | 'USD'
  | 'requests'
  | 'jobs'
  | 'files'
  | 'handles'
  | 'threads'

export type Goal = { readonly atMost: number } | { readonly atLeast: number }

/** One row of the bench's table. */
export interface Measurement {
  readonly what: string
  readonly unit: Unit
  readonly value: Summary
  /** What must be reached; without one the row only tells. Compared is the median, or what `compared` names. */
  readonly goal?: Goal
  readonly compared?: { readonly name: string; readonly value: number }
  /** For people, such as the seconds behind a ratio. */
  readonly note?: string
}

export function reached({ value, compared, goal }: Measurement): boolean {
  if (goal === undefined) return true
  const judged = compared?.value ?? value.median
  return 'atMost' in goal ? judged <= goal.atMost : judged >= goal.atLeast
}
