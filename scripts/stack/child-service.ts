import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeFlags } from '#shared/node-flags.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const LINES_SHOWN = 15

export interface ChildServiceOptions {
  readonly name: string
  /** From the project's root, such as `services/frontend/main.ts`. */
  readonly script: string
  readonly environment: Readonly<Record<string, string>>
  /** A command that becomes the service, under the same pid: it ends with `exec`. */
  readonly wrap?: readonly string[]
  /** What it writes goes to `<name>.log` in here. */
  readonly logsFolder: string
}

/**
 * One service as a process of its own, in a session of its own: a Ctrl-C in the terminal reaches us alone, and we
 * stop the services in order.
 *
 * States: running -> stopping -> exited. `exited` settles in the last one, and only then.
 */
export class ChildService {
  readonly name: string
  readonly logFile: string
  /** Resolves with a sentence about how the process ended. */
  readonly exited: Promise<string>
  readonly #child: ChildProcess
  #stopping: Promise<void> | undefined

  constructor(options: ChildServiceOptions) {
    this.name = options.name
    mkdirSync(options.logsFolder, { recursive: true })
    this.logFile = path.join(options.logsFolder, `${options.name}.log`)
    const log = openSync(this.logFile, 'a')
    try {
      const [command = '', ...args] = [
        ...(options.wrap ?? []),
        process.execPath,
        ...nodeFlags,
        path.resolve(root, options.script),
      ]
      this.#child = spawn(command, args, {
        cwd: root,
        detached: true,
        stdio: ['ignore', log, log],
        env: { ...options.environment },
      })
    } finally {
      closeSync(log)
    }
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(`${this.name} could not be started: ${error.message}`))
      this.#child.once('exit', (code, signal) =>
        resolve(`${this.name} ended with ${signal ?? `exit code ${code}`}`),
      )
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** SIGTERM, and SIGKILL to whatever of its group is left after `graceMs`. Safe to call twice. */
  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs)
    return this.#stopping
  }

  /** SIGKILL to its whole group, now. */
  kill(): void {
    if (this.#child.pid !== undefined) killGroup(this.#child.pid)
  }

  /** The end of its log, for people: JSON lines as level and message. */
  lastLines(): string {
    const lines = readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-LINES_SHOWN)
    return lines.map((line) => `    ${readable(line)}`).join('\n')
  }

  async #stop(graceMs: number): Promise<void> {
    if (this.running) {
      // When the grace is over it is killed below.
      const exit = once(this.#child, 'exit', { signal: AbortSignal.timeout(graceMs) }).catch(() => undefined)
      this.#child.kill('SIGTERM')
      await exit
    }
    const { pid } = this.#child
    if (pid !== undefined) killGroup(pid)
    await this.exited
  }
}

/** A group's number stays taken while it has members, so this reaches nobody else. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function readable(line: string): string {
  if (!line.startsWith('{')) return line.slice(0, 400)
  try {
    const { level, msg, err } = JSON.parse(line)
    return `${level} ${msg}${err?.message ? `: ${err.message}` : ''}`.slice(0, 400)
  } catch {
    return line.slice(0, 400) // cut off in the middle, as a dying process leaves it
  }
}
