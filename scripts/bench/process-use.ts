import { readdir, readFile, readlink, writeFile } from 'node:fs/promises'

const TICKS_PER_SEC = 100 // USER_HZ, which Linux fixes for what it shows to programs
const KIB_PER_MIB = 1024

/** What a process holds at one moment. */
export interface ProcessUse {
  readonly rssMib: number
  readonly threads: number
  /** Open descriptors that are files or folders. */
  readonly files: number
  /** All the others: sockets, pipes, and what the event loop waits with. */
  readonly handles: number
}

/** Linux only (proc(5)); rejects when the process has ended. */
export async function processUse(pid: number): Promise<ProcessUse> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const targets = await Promise.all(
    (await readdir(`/proc/${pid}/fd`)).map(async (fd) => {
      try {
        return await readlink(`/proc/${pid}/fd/${fd}`)
      } catch {
        return undefined // closed since the listing
      }
    }),
  )
  const open = targets.filter((target) => target !== undefined)
  const files = open.filter((target) => target.startsWith('/')).length
  return {
    rssMib: fieldOf(status, 'VmRSS') / KIB_PER_MIB,
    threads: fieldOf(status, 'Threads'),
    files,
    handles: open.length - files,
  }
}

/** Forgets the highest memory use so far, so that {@link peakRssMib} tells that of what follows. */
export const forgetPeak = (pid: number): Promise<void> => writeFile(`/proc/${pid}/clear_refs`, '5')

export const peakRssMib = async (pid: number): Promise<number> =>
  fieldOf(await readFile(`/proc/${pid}/status`, 'utf8'), 'VmHWM') / KIB_PER_MIB

/** CPU seconds of the process itself, all its threads, ended ones too. */
export async function ownCpuSec(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The second field is a name in parentheses that may hold anything, so count from its end.
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SEC
}

function fieldOf(status: string, name: string): number {
  const value = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]
  if (value === undefined) throw new Error(`the system does not tell ${name} of a process`)
  return Number(value)
}
