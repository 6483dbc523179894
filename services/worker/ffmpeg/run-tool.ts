import { spawn } from 'node:child_process'
import { ReelmillError } from '#shared/errors.ts'
import { killTree } from './kill-tree.ts'

export interface ToolResult {
  readonly exitCode: number | undefined
  /** The signal that ended it, when it was not by exit. */
  readonly killedBy: NodeJS.Signals | undefined
  readonly stdout: string
  /** The first part of it; more is thrown away. */
  readonly stderr: string
  /** True when it ran into `timeoutMs` and was killed. */
  readonly timedOut: boolean
  /** True when it wrote more than any tool has reason for and was killed. */
  readonly overflowed: boolean
}

// The JSON of 65 streams is some 50 kB; whoever makes it more is up to no good.
const MAX_STDOUT_BYTES = 16 * 2 ** 20
const MAX_STDERR_BYTES = 64 * 2 ** 10

/**
 * Runs a short tool (ffprobe, or ffmpeg decoding to nowhere) to its end and settles only after it and its pipes are
 * gone. Rejects with the signal's reason when aborted, and with `internal` when it cannot be started.
 */
export async function runTool(
  program: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<ToolResult> {
  options.signal?.throwIfAborted()
  // Not detached: the jail makes its own process group, and `setsid` would fork a process that already leads one, and
  // end before what it runs.
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let timedOut = false
  const kill = () => killTree(child.pid)
  const timer = setTimeout(() => {
    timedOut = true
    kill()
  }, options.timeoutMs)
  options.signal?.addEventListener('abort', kill, { once: true })
  let overflowed = false
  const stdout = collect(child.stdout, MAX_STDOUT_BYTES, () => {
    overflowed = true
    kill()
  })
  const stderr = collect(child.stderr, MAX_STDERR_BYTES)
  try {
    const [exitCode, killedBy] = await new Promise<[number | null, NodeJS.Signals | null]>(
      (resolve, reject) => {
        child.once('error', (cause) =>
          reject(new ReelmillError('internal', `${program} cannot be started: ${cause.message}`, { cause })),
        )
        child.once('close', (code, signal) => resolve([code, signal]))
      },
    )
    options.signal?.throwIfAborted()
    return {
      exitCode: exitCode ?? undefined,
      killedBy: killedBy ?? undefined,
      stdout: stdout(),
      stderr: stderr(),
      timedOut,
      overflowed,
    }
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', kill)
  }
}

/** Keeps the first `maxBytes` of a stream and drains the rest, so that the writer never blocks. */
function collect(stream: NodeJS.ReadableStream, maxBytes: number, onOverflow?: () => void): () => string {
  const chunks: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    const room = maxBytes - size
    if (room > 0) chunks.push(chunk.subarray(0, room))
    size += chunk.length
    if (size > maxBytes) onOverflow?.()
  })
  return () => Buffer.concat(chunks).toString('utf8')
}
