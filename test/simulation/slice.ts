import { parentPort, workerData } from 'node:worker_threads'
import type { Slice, SliceReport } from './run-slices.ts'
import { loadWorld } from './world/load-world.ts'

// A thread of its own for every n-th seed: loads a world, runs them, tells how it went.
const { seeds, patches } = workerData as Slice
const name = patches.length > 0 ? 'mutant' : 'production'
const entry = new URL('./run-seeds.ts', import.meta.url)
const { runSeeds } = await loadWorld<typeof import('./run-seeds.ts')>(entry, name, patches)
const { tally, ...outcome } = await runSeeds(seeds)
parentPort?.postMessage({ ...outcome, tally: tally.entries } satisfies SliceReport)
