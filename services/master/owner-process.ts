import { hostname } from 'node:os'
import { identityOf, isRunning } from './process-identity.ts'

/** Names this process to other masters, and judges whether one of theirs, on this very machine, is gone. */
export interface OwnerProcess {
  readonly name: string
  isDead(name: string): Promise<boolean>
}

/** `host|pid|boot|start`. Where processes cannot be identified the name is only the host, and judges nothing. */
export async function ownerProcess(host: string = hostname()): Promise<OwnerProcess> {
  const self = await identityOf(process.pid)
  return {
    name: self ? [host, self.pid, self.boot, self.start].join('|') : host,
    async isDead(name) {
      const [otherHost, pid, boot, start] = name.split('|')
      // Of another machine, or of this one before it booted under another name, nothing can be said from here.
      if (otherHost !== host || pid === undefined || boot === undefined || start === undefined) return false
      return !(await isRunning({ pid: Number(pid), boot, start }))
    },
  }
}
