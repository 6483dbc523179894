import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** One process and no other: pids are reused, but not in the same boot by a process that started then, too. */
export interface ProcessIdentity {
  readonly pid: number
  /** Names the running of the system; another after each boot. */
  readonly boot: string
  /** When the process started, as the system spells it (clock ticks since boot on Linux). */
  readonly start: string
}

/** The identity of the process that has `pid` now; `undefined` when there is none, or only its zombie. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const facts = process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid)
  return facts && { pid, ...facts }
}

/** Whether the process of `identity` still runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  const now = await identityOf(identity.pid)
  return now !== undefined && now.boot === identity.boot && now.start === identity.start
}

/** Three lines, as start-worker.sh writes them. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const [pid = '', boot = '', start = ''] = text.split('\n')
  return /^[1-9]\d*$/.test(pid) && boot !== '' && start !== '' ? { pid: Number(pid), boot, start } : undefined
}

async function fromProc(pid: number): Promise<{ boot: string; start: string } | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // proc(5): the second field is the name in parentheses, which may hold anything, so count from its end.
    const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')
    const [state, start] = [fields[0], fields[19]]
    // A zombie has ended; where nobody reaps it (a container without an init), it stays listed for ever.
    if (start === undefined || state === 'Z' || state === 'X') return undefined
    return { boot: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(), start }
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

async function fromPs(pid: number): Promise<{ boot: string; start: string } | undefined> {
  const run = promisify(execFile)
  try {
    const ps = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' },
    })
    const [, state = '', start = ''] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(ps.stdout) ?? []
    if (start === '' || state.startsWith('Z')) return undefined
    const boot = await run('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'])
    return { boot: boot.stdout.trim(), start }
  } catch (error) {
    // ps ends with 1 when there is no such process.
    if (error instanceof Error && 'code' in error && error.code === 1) return undefined
    throw error
  }
}

// ESRCH: the process ended between open and read.
const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')
