import { workerFlags } from '#shared/node-flags.ts'

/** The command line of a worker whose module is the file `main`. */
export const workerCommand = (main: string): readonly [string, ...string[]] => [
  process.execPath,
  ...workerFlags,
  main,
]

/**
 * What a worker's environment has on top of that of the master which launches it, and has opened the stores already.
 */
export const launchedWorkerEnvironment = { REELMILL_CREATE_BUCKETS: 'false' } as const
