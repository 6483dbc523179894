import { setFlagsFromString } from 'node:v8'

/**
 * Makes V8 count buffers together with its heap; for programs through which movies stream. By itself it takes every
 * 64 MiB of new buffers for a reason to search the whole heap, which was a fifth of the time in which a worker fetches
 * a movie. With this it asks how much of them is still there, and what a movie leaves behind goes with the young
 * generation, and later: for programs whose memory may grow by some 100 MiB.
 *
 * V8 14.8 does so by itself and no longer knows the flag (https://issues.chromium.org/issues/361124432). V8 reads it
 * each time that it decides on a collection, so it may be set late; on the command line it would make Node compile anew
 * what it brings compiled.
 */
export function countBuffersWithHeap(): void {
  const [major = 0, minor = 0] = process.versions.v8.split('.').map(Number)
  if (major < 14 || (major === 14 && minor < 8)) {
    setFlagsFromString('--external-memory-accounted-in-global-limit')
  }
}
