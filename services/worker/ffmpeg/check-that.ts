import type { Check } from '#shared/jobs/shapes.ts'

/** A check of an output; the detail is told only when it failed. */
export const checkThat = (name: string, passed: boolean, detail: string): Check => ({
  name,
  result: passed ? 'passed' : 'failed',
  ...(!passed && { detail }),
})

/** A check that two values are the same; an expected value that is absent is not met by anything. */
export const checkEqual = (name: string, expected: unknown, found: unknown): Check =>
  checkThat(name, expected !== undefined && expected === found, `expected ${expected}, found ${found}`)
