import { spawnSync } from 'node:child_process'
import { open, rm, statfs } from 'node:fs/promises'
import path from 'node:path'

/**
 * A command that puts a file system of `bytes` over `folder`, for itself and its children alone, and becomes the
 * command that follows it, under the same pid.
 */
export function smallDisk(folder: string, bytes: number): readonly string[] {
  const script = 'mkdir -p "$1" && mount -t tmpfs -o "size=$0" reelmill "$1" && shift && exec "$@"'
  return ['unshare', ...namespaces(), 'sh', '-c', script, String(bytes), folder]
}

/** `folder` as the process `pid` sees it. */
export const seenBy = (pid: number | undefined, folder: string): string => `/proc/${pid}/root${folder}`

/** Fills the disk under `folder` but for `spareBytes`; disposing makes room again. */
export async function fillDisk(folder: string, spareBytes = 0): Promise<AsyncDisposable> {
  const file = path.join(folder, 'ballast')
  const { bavail, bsize } = await statfs(folder)
  const handle = await open(file, 'w')
  try {
    const block = Buffer.alloc(bsize)
    for (let left = bavail * bsize - spareBytes; left > 0; left -= block.length) await handle.write(block)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  } finally {
    await handle.close()
  }
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) }
}

/** Root may mount in a namespace of its own; anybody else, and root in many containers, as root of a user namespace. */
function namespaces(): readonly string[] {
  found ??=
    spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'reelmill', '/tmp'], { stdio: 'ignore' })
      .status === 0
      ? ['--mount']
      : ['--user', '--map-root-user', '--mount']
  return found
}

let found: readonly string[] | undefined
