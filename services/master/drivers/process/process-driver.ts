import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants, open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import { isRunning, type ProcessIdentity } from '../../process-identity.ts'
import type { Driver, LaunchResult, Machine, TerminateResult } from '../driver.ts'
import { sortFailure } from '../sort-failure.ts'
import { MachineFiles } from './machine-files.ts'

const STARTER = fileURLToPath(new URL('start-worker.sh', import.meta.url))

export interface ProcessDriverOptions {
  /** Where pid files, logs and workspaces are kept. Masters that share it share the machines. */
  readonly folder: string
  /** The fleet's name: the tag. */
  readonly fleet: string
  /** What a worker is: an absolute path and its arguments. */
  readonly command: readonly [string, ...string[]]
  /** The workers' environment; REELMILL_WORKER_ID and REELMILL_WORKSPACE are added to it. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly log: Log
  /** From SIGTERM to SIGKILL. A worker hands its job back within 10 s. */
  readonly graceMs?: number
  /** How often processes that another master launched are looked at; our own children tell by themselves. */
  readonly pollMs?: number
}

/**
 * Machines that are processes on this very machine, each in a session and group of its own, so that they
 * outlive the master. A process is found again by its pid file: pid, start time and boot must all match.
 */
export class ProcessDriver implements Driver {
  readonly name = 'process'
  readonly remembersTokens = false
  readonly #o: ProcessDriverOptions
  readonly #files: MachineFiles
  readonly #closing = new AbortController()
  readonly #background = new Set<Promise<void>>()
  readonly #ending = new Set<string>()
  readonly #listeners: ((id: string) => void)[] = []
  readonly #details = new Map<string, string>()
  /** Machines whose end was told. */
  readonly #told = new Set<string>()

  constructor(options: ProcessDriverOptions) {
    this.#o = options
    this.#files = new MachineFiles(options)
  }

  async launch(ids: readonly string[], signal?: AbortSignal): Promise<readonly LaunchResult[]> {
    signal?.throwIfAborted()
    return Promise.all(
      ids.map(async (id): Promise<LaunchResult> => {
        try {
          if (await this.#files.read(id)) return { id, outcome: 'exists' }
          await this.#start(id)
          return { id, outcome: 'launched' }
        } catch (error) {
          return { id, outcome: 'failed', failure: sortFailure(error) }
        }
      }),
    )
  }

  async list(signal?: AbortSignal): Promise<readonly Machine[]> {
    signal?.throwIfAborted()
    const machines: Machine[] = []
    for (const id of await this.#files.ids()) {
      const identity = await this.#files.read(id)
      if (identity === undefined) continue
      const alive = identity !== 'damaged' && (await isRunning(identity))
      const detail = alive ? undefined : this.#details.get(id)
      machines.push({ id, state: alive ? 'alive' : 'ended', ...(detail !== undefined && { detail }) })
    }
    return machines
  }

  async terminate(ids: readonly string[], signal?: AbortSignal): Promise<readonly TerminateResult[]> {
    signal?.throwIfAborted()
    return Promise.all(
      ids.map(async (id): Promise<TerminateResult> => {
        try {
          const identity = await this.#files.read(id)
          if (identity === undefined) return { id, outcome: 'gone' }
          if (identity !== 'damaged' && (await isRunning(identity))) {
            this.#end(id, identity)
            return { id, outcome: 'ending' }
          }
          if (identity !== 'damaged') killLeftovers(identity)
          await this.#files.remove(id)
          this.#details.delete(id)
          this.#told.delete(id)
          return { id, outcome: 'gone' }
        } catch (error) {
          return { id, outcome: 'failed', failure: sortFailure(error) }
        }
      }),
    )
  }

  onExit(listener: (id: string) => void): void {
    this.#listeners.push(listener)
    if (this.#listeners.length === 1) this.#spawnTask('watching', () => this.#watch())
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the driver is closed'))
    await Promise.all(this.#background)
  }

  async #start(id: string): Promise<void> {
    const { command, environment } = this.#o
    // sh would only say 127, and later: what is not there is told apart from what dies at once.
    await access(command[0], constants.X_OK)
    await this.#files.prepare(id)
    const log = await open(this.#files.logFile(id), 'a')
    try {
      const child = spawn('/bin/sh', [STARTER, this.#files.pidFile(id), ...command], {
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        env: {
          ...environment,
          REELMILL_WORKER_ID: id,
          REELMILL_WORKSPACE: this.#files.workspace(id),
        },
      })
      child.once('exit', (code, signal) => this.#childEnded(id, child, code, signal))
      await once(child, 'spawn')
      child.unref()
    } finally {
      await log.close()
    }
  }

  #childEnded(id: string, child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#closing.signal.aborted) return
    this.#spawnTask('noticing an exit', async () => {
      const identity = await this.#files.read(id)
      // Another process is this machine: ours came second, and start-worker.sh ended it.
      if (identity === undefined || identity === 'damaged' || identity.pid !== child.pid) return
      this.#details.set(id, signal ? `killed by ${signal}` : `exit code ${code}`)
      this.#tellEnd(id, identity)
    })
  }

  /** Looks at all machines of the fleet, our children or not, for ends that nobody told us. */
  async #watch(): Promise<void> {
    const { clock, log, pollMs = 1_000 } = this.#o
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        for (const { id, state } of await this.list()) {
          if (state !== 'ended' || this.#told.has(id)) continue
          const identity = await this.#files.read(id)
          if (identity !== undefined) this.#tellEnd(id, identity)
        }
      } catch (error) {
        log.warn({ err: error }, 'the worker processes could not be looked at; the next look tries again')
      }
      await clock.sleep(pollMs, signal)
    }
  }

  #tellEnd(id: string, identity: ProcessIdentity | 'damaged'): void {
    if (this.#told.has(id)) return
    this.#told.add(id)
    if (identity !== 'damaged') killLeftovers(identity)
    this.#o.log.info({ machine: id, detail: this.#details.get(id) }, 'a worker process has ended')
    for (const listener of this.#listeners) listener(id)
  }

  /** SIGTERM to the worker, and after the grace SIGKILL to its whole group. Asked again, it goes on. */
  #end(id: string, identity: ProcessIdentity): void {
    if (this.#ending.has(id)) return
    this.#ending.add(id)
    const { clock, graceMs = 15_000 } = this.#o
    signalled(identity.pid, 'SIGTERM')
    this.#spawnTask('terminating', async () => {
      const killAtMs = clock.monotonicMs() + graceMs
      try {
        while (await isRunning(identity)) {
          if (clock.monotonicMs() >= killAtMs) signalled(-identity.pid, 'SIGKILL')
          await clock.sleep(50, this.#closing.signal)
        }
      } finally {
        this.#ending.delete(id)
      }
    })
  }

  #spawnTask(what: string, task: () => Promise<void>): void {
    const running: Promise<void> = task()
      .catch((error: unknown) => {
        if (!this.#closing.signal.aborted) this.#o.log.error({ err: error }, `${what} failed`)
      })
      .finally(() => this.#background.delete(running))
    this.#background.add(running)
  }
}

/**
 * Kills what a worker that has ended left in its group, ffmpeg above all. A group's number is not given away while
 * the group has members, so when its leader is gone and the group is not, it is still the worker's.
 */
function killLeftovers(identity: ProcessIdentity): void {
  if (signalled(identity.pid, 0)) return // somebody has the pid: a zombie, or another process by now
  signalled(-identity.pid, 'SIGKILL')
}

function signalled(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(target, signal)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EPERM') return true
    return false
  }
}
