import type { RootHookObject } from 'mocha'

/** Root hooks: every test runs with the same, quiet environment. */
export const mochaHooks: RootHookObject = {
  beforeAll() {
    process.env.REELMILL_LOG_LEVEL ??= 'silent'
  },
}
