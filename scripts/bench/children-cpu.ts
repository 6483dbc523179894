import { readFile } from 'node:fs/promises'

// USER_HZ, which Linux fixes for what it shows to programs.
const TICKS_PER_SEC = 100

/**
 * CPU seconds of all processes that `pid` has started and waited for, and of theirs. Linux only (proc(5), cutime and
 * cstime); undefined elsewhere.
 */
export async function childrenCpuSec(pid: number): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The second field is a name in parentheses that may hold anything, so count from its end.
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SEC
}
