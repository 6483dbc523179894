import type { Context } from 'mocha'

const announced = new Set<string>()

/**
 * For a test that cannot run here: skips it at home, with one loud line for each `need` ("ffmpeg is missing"), and
 * fails it with CI=true. `remedy` is a sentence that says how it could run.
 */
export function skipOrFail(test: Context, need: string, remedy: string): void {
  if (process.env.CI === 'true') throw new Error(`${need}. With CI=true no test is skipped.`)
  if (!announced.has(need)) process.stderr.write(`\n>>> SKIPPING TESTS: ${need}. ${remedy}\n\n`)
  announced.add(need)
  test.skip()
}
