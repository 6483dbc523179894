import type { RootHookObject } from 'mocha'

/** How long the process may take to end by itself once the last test is through, in milliseconds. */
const LEAK_LIMIT_MS = 5_000

/** Root hooks: every test runs with the same, quiet environment, and whatever it opened must be closed. */
export const mochaHooks: RootHookObject = {
  beforeAll() {
    process.env.REELMILL_LOG_LEVEL ??= 'silent'
  },
  afterAll() {
    failWhenProcessStays(LEAK_LIMIT_MS)
  },
}

/**
 * mocha runs without --exit, so the process ends when nothing is left open. A server, a timer or a child
 * that a test forgot keeps it alive; this timer, which does not, then fires, names what is open, and fails.
 */
function failWhenProcessStays(limitMs: number): void {
  setTimeout(() => {
    process.stderr.write(
      `\nLEAK: the tests are through, but the process does not end. Still open: ${process.getActiveResourcesInfo().join(', ')}.\nA test or the code under test did not close what it opened.\n`,
    )
    // mocha sets the code in an exit handler of its own; this one is added later and so has the last word.
    process.once('exit', () => {
      process.exitCode = 1
    })
    process.exit()
  }, limitMs).unref()
}
