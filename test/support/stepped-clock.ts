import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { clipFolder } from './clips.ts'

/** The wall clock of every process that runs in its environment, which a test can set as an administrator could. */
export interface SteppedClock {
  readonly environment: Readonly<Record<string, string>>
  /** Sets it to so many seconds ahead of the true time, or behind it when negative. Noticed within a second. */
  step(aheadSec: number): Promise<void>
}

/** libfaketime between the processes and the system. The monotonic clock stays true, as it does on a real host. */
export async function steppedClock(): Promise<SteppedClock> {
  const file = path.join(clipFolder(), `clock-${randomUUID()}`)
  const step = async (aheadSec: number) => {
    const fresh = `${file}.next`
    await writeFile(fresh, `${aheadSec < 0 ? '' : '+'}${aheadSec}\n`)
    await rename(fresh, file) // whole at every moment
  }
  await step(0)
  const library = execFileSync('faketime', ['-f', '+0', 'printenv', 'LD_PRELOAD'], {
    encoding: 'utf8',
  }).trim()
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    step,
  }
}
