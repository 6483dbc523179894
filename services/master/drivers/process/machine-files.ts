import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { type ProcessIdentity, parseIdentity } from '../../process-identity.ts'

// Enough logs of workers that are gone to find out why the last ones died.
const LOGS_KEPT = 50

/**
 * The files of one fleet's worker processes: `pids/<id>` (who it is), `logs/<id>.log` and `workspaces/<id>/`.
 * The folder carries the fleet's name, and that is its tag.
 */
export class MachineFiles {
  readonly #root: string

  constructor(options: { readonly folder: string; readonly fleet: string }) {
    this.#root = path.join(options.folder, options.fleet)
  }

  pidFile = (id: string): string => path.join(this.#root, 'pids', id)
  logFile = (id: string): string => path.join(this.#root, 'logs', `${id}.log`)
  workspace = (id: string): string => path.join(this.#root, 'workspaces', id)

  /** Makes the folders that a launch of `id` needs. */
  async prepare(id: string): Promise<void> {
    await mkdir(path.join(this.#root, 'pids'), { recursive: true })
    await mkdir(path.join(this.#root, 'logs'), { recursive: true })
    await mkdir(this.workspace(id), { recursive: true, mode: 0o700 })
  }

  /** Ids of all machines that were launched and not yet cleaned away. */
  async ids(): Promise<readonly string[]> {
    const names = await readdir(path.join(this.#root, 'pids')).catch(ignoreMissing)
    // A name with a dot is one that start-worker.sh is still writing.
    return (names ?? []).filter((name) => /^[A-Za-z0-9_]+$/.test(name)).sort()
  }

  /** `undefined`: no such machine; `'damaged'`: the file says nothing that a process could be found by. */
  async read(id: string): Promise<ProcessIdentity | 'damaged' | undefined> {
    const text = await readFile(this.pidFile(id), 'utf8').catch(ignoreMissing)
    return text === undefined ? undefined : (parseIdentity(text) ?? 'damaged')
  }

  /** Removes what an ended machine left, the pid file last; its log stays for a while. */
  async remove(id: string): Promise<void> {
    await rm(this.workspace(id), { recursive: true, force: true })
    await this.#pruneLogs()
    await rm(this.pidFile(id), { force: true })
  }

  async #pruneLogs(): Promise<void> {
    const folder = path.join(this.#root, 'logs')
    const names = (await readdir(folder).catch(ignoreMissing)) ?? []
    if (names.length <= LOGS_KEPT) return
    const live = new Set(await this.ids())
    const logs = await Promise.all(
      names
        .filter((name) => !live.has(path.basename(name, '.log')))
        .map(async (name) => ({ name, mtimeMs: (await stat(path.join(folder, name))).mtimeMs })),
    )
    logs.sort((a, b) => b.mtimeMs - a.mtimeMs)
    for (const { name } of logs.slice(LOGS_KEPT)) await rm(path.join(folder, name), { force: true })
  }
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}
