/**
 * Kills a process and all of its group, at once and for certain. Inside bwrap everything dies with bwrap itself; the
 * group is for what runs without a jail. Nothing happens when they are gone already.
 */
export function killTree(pid: number | undefined): void {
  if (pid === undefined) return
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL')
    } catch (error) {
      // ESRCH: no such group, or it has ended. EPERM: it is about to change its user and dies by the other kill.
      if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM')))
        throw error
    }
  }
}
