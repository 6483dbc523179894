import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { BenchGroup } from './bench-group.ts'
import type { Measurement } from './measurement.ts'

/** What one run of a group found, as it is kept in `<folder>/<group>.json`. */
export interface KeptRun {
  readonly group: string
  /** Figures of different machines are never mixed. */
  readonly machine: string
  /** ISO 8601. */
  readonly date: string
  readonly seconds: number
  readonly rounds: number
  readonly minutes: number
  readonly measurements: readonly Measurement[]
  readonly remarks?: string
}

export const keepRun = (folder: string, run: KeptRun): Promise<void> =>
  writeFile(fileOf(folder, run.group), `${JSON.stringify(run, undefined, 2)}\n`)

/** The latest run of each of `groups` on `machine`; those that never ran there are left out. */
export async function keptRuns(
  folder: string,
  machine: string,
  groups: readonly BenchGroup[],
): Promise<KeptRun[]> {
  const runs: KeptRun[] = []
  for (const { name } of groups) {
    const run = await keptRun(fileOf(folder, name))
    if (run?.machine === machine) runs.push(run)
  }
  return runs
}

const fileOf = (folder: string, group: string): string => path.join(folder, `${group}.json`)

async function keptRun(file: string): Promise<KeptRun | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new Error(`${file} cannot be read as figures of an earlier run. Delete it.`, { cause: error })
  }
}
