/**
 * The command line of a worker whose module is the file `main`. It loads some 250 modules before its first poll: with
 * room for what they leave behind, no garbage need be collected meanwhile.
 */
export const workerCommand = (main: string): readonly [string, ...string[]] => [
  process.execPath,
  '--min-semi-space-size=16',
  main,
]

/** What a worker's environment has on top of that of the master which launches it, and has opened the stores already. */
export const launchedWorkerEnvironment = { REELMILL_CREATE_BUCKETS: 'false' } as const
