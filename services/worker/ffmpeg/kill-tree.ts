import { readFileSync } from 'node:fs'

/** A fork with new namespaces takes some milliseconds; a process that waits for a broken disk does not stop at all. */
const MOST_WAIT_MS = 100

/**
 * Kills a process, all of its group and its children, at once and for certain. Inside bwrap everything dies with bwrap
 * itself, but for one moment: a bwrap that has just forked is not yet tied to its parent, and without it would wait for
 * ever, with the pipes in its hand that we wait for. So the children are killed by name. The group is for what runs
 * without a jail. Nothing happens when they are gone already.
 */
export function killTree(pid: number | undefined): void {
  if (pid === undefined) return
  // Stopped, it makes no more children while they are counted; and it still is their parent.
  signal(pid, 'SIGSTOP')
  waitUntilStopped(pid)
  const children = childrenOf(pid)
  for (const target of [-pid, pid, ...children]) signal(target, 'SIGKILL')
}

/**
 * A signal waits for the system call that is under way: a bwrap in the midst of its fork stops behind it, with a child.
 */
function waitUntilStopped(pid: number): void {
  const endsAt = performance.now() + MOST_WAIT_MS
  while (performance.now() < endsAt && isGoingOn(pid));
}

/** Whether it runs or sleeps; not where nothing tells. */
function isGoingOn(pid: number): boolean {
  try {
    return /^[RSD]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '')
  } catch {
    return false
  }
}

function signal(target: number, name: 'SIGSTOP' | 'SIGKILL'): void {
  try {
    process.kill(target, name)
  } catch (error) {
    // ESRCH: no such group, or it has ended. EPERM: it is about to change its user and dies by the other kill.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM')))
      throw error
  }
}

/** As Linux has it; nothing elsewhere (where there is no bwrap) and when the process has ended. */
function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}
