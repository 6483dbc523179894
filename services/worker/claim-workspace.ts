import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { messageOf, ReelmillError } from '#shared/errors.ts'
import type { Log } from '#shared/log.ts'

/** A folder that is this process's until it is released, or the process dies. */
export interface ClaimedWorkspace {
  readonly dir: string
  release(): Promise<void>
}

/**
 * Makes a folder for this process under `root`, and removes those whose processes have died: a worker that is killed
 * leaves the movie that it worked on. Several workers may share `root`, in containers of their own, too: the system
 * holds each one's lock, so no pid has to be judged from outside. Throws `configuration-invalid`.
 */
export async function claimWorkspace(root: string, log: Log): Promise<ClaimedWorkspace> {
  await mkdir(root, { recursive: true })
  await removeDead(root, log)
  const dir = path.join(root, `worker-${randomUUID()}`)
  // Before the folder is there: a folder whose lock nobody holds is a dead one's.
  const lock = tryLock(lockFile(dir))
  if ('refusal' in lock) {
    throw new ReelmillError(
      'configuration-invalid',
      `No file can be locked in ${root} (${messageOf(lock.refusal)}). Let REELMILL_WORKSPACE name a folder on a local disk.`,
      { cause: lock.refusal },
    )
  }
  await mkdir(dir, { mode: 0o700 })
  return {
    dir,
    async release() {
      await remove(dir)
      lock.held.close()
    },
  }
}

async function removeDead(root: string, log: Log): Promise<void> {
  const names = new Set(await readdir(root))
  for (const name of names) {
    if (!/^worker-[0-9a-f-]{36}$/.test(name)) continue
    const dir = path.join(root, name)
    // It may live all the same: cleaners of temporary folders take a lock, which is never written, for an old file.
    if (!names.has(path.basename(lockFile(dir)))) continue
    const lock = tryLock(lockFile(dir))
    if ('refusal' in lock) continue // its process lives
    try {
      await remove(dir)
      log.info({ dir }, 'removed what a worker that died had left')
    } catch (error) {
      log.warn({ dir, reason: messageOf(error) }, 'what a worker that died had left could not be removed')
    } finally {
      lock.held.close()
    }
  }
}

/** The lock's file last, while the lock is held: a folder without one is never removed. */
async function remove(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true })
  await rm(lockFile(dir), { force: true })
}

const lockFile = (dir: string): string => `${dir}.lock`

/** SQLite locks files by the system's own means, which Node offers nowhere else. Nothing is ever written. */
function tryLock(file: string): { readonly held: DatabaseSync } | { readonly refusal: unknown } {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file)
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
    return { held: database }
  } catch (refusal) {
    database?.close()
    return { refusal }
  }
}
