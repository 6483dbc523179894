import { Worker } from 'node:worker_threads'
import { Tally } from './engine/tally.ts'
import type { Outcome, Seeds } from './run-seeds.ts'
import type { Patch } from './world/load-world.ts'

export interface Slice {
  readonly seeds: Seeds
  readonly patches: readonly Patch[]
}

export type SliceReport = Omit<Outcome, 'tally'> & { readonly tally: readonly (readonly [string, number])[] }

/** Runs seeds on several threads, each its share of them, and adds up. The failure is the lowest seed that failed. */
export async function runSlices(
  seeds: Pick<Seeds, 'from' | 'count' | 'profile'>,
  threads: number,
  patches: readonly Patch[] = [],
): Promise<Outcome> {
  const reports = await Promise.all(
    Array.from({ length: threads }, (_, index) => {
      const count = Math.ceil((seeds.count - index) / threads)
      return runSlice({ seeds: { ...seeds, from: seeds.from + index, count, stride: threads }, patches })
    }),
  )
  const tally = new Tally()
  for (const report of reports) for (const [name, times] of report.tally) tally.count(name, times)
  const failures = reports.flatMap(({ failure }) => failure ?? [])
  return {
    tally,
    runs: reports.reduce((sum, { runs }) => sum + runs, 0),
    steps: reports.reduce((sum, { steps }) => sum + steps, 0),
    failure: failures.toSorted((a, b) => a.seed - b.seed)[0],
  }
}

function runSlice(slice: Slice): Promise<SliceReport> {
  const { promise, resolve, reject } = Promise.withResolvers<SliceReport>()
  const thread = new Worker(new URL('./slice.ts', import.meta.url), { workerData: slice })
  thread.once('message', resolve)
  thread.once('error', reject)
  thread.once('exit', (code) => reject(new Error(`A thread of the simulation ended with ${code}.`)))
  return promise
}
