// All packages that we load say what they are; else Node reads each once more to find out.
const common = '--no-experimental-detect-module'

/** How Node should be called for a service through which movies stream (`npm run bench` shows what it saves). */
export const serviceFlags: readonly string[] = [common, ...bufferFlags(process.versions.v8)]

/** And for a worker, which is started again and again, and must start fast. */
export const workerFlags: readonly string[] = [
  common,
  // Modules leave much behind while they load: with room for it the garbage collector does not come before they have.
  '--min-semi-space-size=16',
]

/**
 * V8 takes every 64 MiB of new buffers for a reason to search its whole heap, which was a third of an upload's CPU time.
 * With the flag it asks how much of them is still there, and what a movie leaves behind goes with the young generation,
 * for some 30 ms more at the start. V8 14.8 does so by itself and no longer knows the flag
 * (https://issues.chromium.org/issues/361124432).
 */
function bufferFlags(v8: string): readonly string[] {
  const [major = 0, minor = 0] = v8.split('.').map(Number)
  return major < 14 || (major === 14 && minor < 8) ? ['--external-memory-accounted-in-global-limit'] : []
}
