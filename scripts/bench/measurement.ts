import type { Summary } from './statistics.ts'

/** One row of the bench's table. */
export interface Measurement {
  readonly what: string
  /** Of the value and the goal: `x` is a ratio, `%` a share, `ms` milliseconds. */
  readonly unit: 'x' | '%' | 'ms'
  readonly value: Summary
  /** What must be reached; the value that is compared is the median, or what `compared` names. */
  readonly goal: number
  readonly compared?: { readonly name: string; readonly value: number }
  /** For people, such as the seconds behind a ratio. */
  readonly note?: string
}

export const reached = ({ value, compared, goal }: Measurement): boolean =>
  (compared?.value ?? value.median) <= goal
