import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface CommandResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Ends the command with SIGKILL, for clients that die in the middle. */
  readonly signal?: AbortSignal
}

/** Runs a client to its end, whatever that is. */
export async function tryCommand(
  [command, ...args]: readonly [string, ...string[]],
  { env, cwd, signal }: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(command, args, {
    cwd,
    env: clientEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const kill = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', kill)
  try {
    const exited = once(child, 'exit')
    const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), exited])
    return { exitCode, stdout, stderr }
  } finally {
    signal?.removeEventListener('abort', kill)
  }
}

/** Nothing of this process's environment reaches a client but PATH. */
export const clientEnvironment = (env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  LC_ALL: 'C.UTF-8',
  PYTHONUTF8: '1',
  ...env,
})

/** Runs a client that must succeed; what it printed. Throws with everything that it said. */
export async function runCommand(
  command: readonly [string, ...string[]],
  options?: CommandOptions,
): Promise<string> {
  const { exitCode, stdout, stderr } = await tryCommand(command, options)
  if (exitCode === 0) return stdout
  throw new Error(
    `${command.join(' ')} ended with ${exitCode}\n${stdout.slice(-3_000)}\n${stderr.slice(-3_000)}`,
  )
}
