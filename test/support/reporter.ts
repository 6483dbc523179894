import { appendFileSync } from 'node:fs'
import Mocha from 'mocha'

/**
 * mocha's spec reporter, which also appends `{passed, failed, skipped}` as a line of JSON to the file that
 * REELMILL_TEST_COUNTS names. That is how .ci/run adds up its suites.
 */
class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options)
    const file = process.env.REELMILL_TEST_COUNTS
    if (!file) return
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats
      appendFileSync(file, `${JSON.stringify({ passed: passes, failed: failures, skipped: pending })}\n`)
    })
  }
}

// mocha loads its reporter with require(), and this is the name by which that finds an ES module's value.
export { CountingReporter as 'module.exports' }
