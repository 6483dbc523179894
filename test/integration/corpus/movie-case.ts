import type { ErrorCode } from '#shared/error-codes.ts'

/** What must become of a movie when it is encoded by web-480p (or `preset`). Absent facts are not looked at. */
export type Outcome =
  | {
      readonly status: 'succeeded'
      /** Frames of picture in the output. */
      readonly frames?: number
      /** How long the output is, in seconds, within a tenth. */
      readonly sec?: number
      readonly size?: string
      readonly channels?: number
      /** Codes of the warnings, each once, sorted. */
      readonly warnings: readonly string[]
    }
  | {
      readonly status: 'failed'
      readonly code: ErrorCode
      /** With `onInputDamage: "warn"`: at least so many frames are saved, and this code is among the warnings. */
      readonly saved?: { readonly atLeastFrames: number; readonly warning: string }
    }

/** One movie of the corpus and, written by hand before any of our code saw it, what must become of it. */
export interface MovieCase {
  readonly name: string
  readonly preset?: string
  make(): Promise<string>
  readonly outcome: Outcome
}

export const succeeds = (
  facts: Omit<Extract<Outcome, { status: 'succeeded' }>, 'status' | 'warnings'> & {
    warnings?: readonly string[]
  },
): Outcome => ({
  status: 'succeeded',
  warnings: [],
  ...facts,
})

export const fails = (code: ErrorCode, atLeastFrames?: number, warning: string = code): Outcome => ({
  status: 'failed',
  code,
  ...(atLeastFrames !== undefined && { saved: { atLeastFrames, warning } }),
})
