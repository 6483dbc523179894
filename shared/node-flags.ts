/** How Node should be called for every service (`npm run bench` shows what it saves). */
export const nodeFlags: readonly string[] = [
  // Modules while they load, and movies while they stream, leave much behind at once: with room for it the garbage
  // collector comes seldom.
  '--min-semi-space-size=16',
  // All packages that we load say what they are; else Node reads each once more to find out.
  '--no-experimental-detect-module',
]
