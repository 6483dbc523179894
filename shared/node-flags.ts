/** How Node should be called for every service (`npm run bench` shows what each saves). */
export const nodeFlags: readonly string[] = [
  // All packages that we load say what they are; else Node reads each once more to find out.
  '--no-experimental-detect-module',
]

/** And for a worker, which is started again and again, and must start fast. */
export const workerFlags: readonly string[] = [
  ...nodeFlags,
  // Modules leave much behind while they load: with room for it the garbage collector does not come before they have.
  // A frontend does without: what it then leaves behind while movies stream stays in memory for longer.
  '--min-semi-space-size=16',
]
