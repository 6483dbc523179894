import type { ChildProcess } from 'node:child_process'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import ffmpeg from 'fluent-ffmpeg'
import { messageOf, ReelmillError } from '#shared/errors.ts'
import type { Log } from '#shared/log.ts'
import { argvOf, type EncodeCommand, NOWHERE } from './command.ts'
import { encodeError, ranOutOfDisk } from './encode-error.ts'
import { EncodeLog, type EncodeProgress } from './encode-log.ts'
import type { Jail } from './jail.ts'
import { killTree } from './kill-tree.ts'
import type { EncodeLimits } from './limits.ts'
import { pasteable } from './pasteable.ts'

export interface RunEncodeOptions {
  readonly jail: Jail
  readonly limits: Pick<EncodeLimits, 'encodeTimeoutMs' | 'stallMs'>
  readonly log: Log
  readonly signal: AbortSignal
  onProgress(progress: EncodeProgress): void
}

// A damaged movie may complain in every frame, and still its log stays below this; a flood does not.
const MAX_STDERR_BYTES = 256 * 2 ** 20
const MAX_LINE_BYTES = 2 ** 20

/**
 * Runs an encode, or a decode to nowhere, to its end by fluent-ffmpeg and returns what ffmpeg said. It is *starting*
 * until it has a process, then *running*, and *stopping* once it was killed for one of the reasons below; it settles
 * only after the process, everything inside the jail, and its pipes are gone.
 *
 * Rejects with the signal's reason, `encode-stalled`, `encode-timeout`, or what {@link encodeError} makes of the log.
 */
export async function runEncode(command: EncodeCommand, options: RunEncodeOptions): Promise<EncodeLog> {
  const { jail, limits, log, signal } = options
  signal.throwIfAborted()
  const encodeLog = new EncodeLog()
  const composed = compose(command, jail)
  let stopReason: unknown
  const stop = (reason: unknown) => {
    stopReason ??= reason
    // What a stopped attempt made is never used, and ffmpeg may ignore SIGTERM for half a minute.
    killTree(processOf(composed)?.pid)
  }
  const onAbort = () => stop(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  const timeout = setTimeout(() => stop(timedOut(limits.encodeTimeoutMs)), limits.encodeTimeoutMs)
  const watch = watchForStall(command, limits.stallMs, () => stop(stalled(limits.stallMs)))
  try {
    await new Promise<void>((resolve, reject) => {
      composed.on('stderr', (line: string) => {
        const progress = encodeLog.read(line)
        if (!progress) return
        void watch.moved(progress)
        options.onProgress(progress)
      })
      composed.on('start', () => {
        log.debug({ command: pasteable(jail.ffmpegPath, argvOf(command)) }, 'ffmpeg encodes')
        const child = processOf(composed)
        if (child?.stderr) limitFlood(child.stderr, () => stop(flooded()))
        if (stopReason !== undefined) killTree(child?.pid)
      })
      composed.on('end', () => resolve())
      composed.on('error', reject)
      runWithPaths(composed, jail).catch(reject)
    })
  } catch (error) {
    if (stopReason !== undefined) throw stopReason
    throw encodeError(messageOf(error), encodeLog)
  } finally {
    clearTimeout(timeout)
    watch.end()
    signal.removeEventListener('abort', onAbort)
  }
  if (stopReason !== undefined) throw stopReason
  // An exit code of 0 proves nothing; the account that it gives at its end is what is compared.
  if (ranOutOfDisk(encodeLog)) throw encodeError('exited with code 0', encodeLog)
  if (!encodeLog.finished || encodeLog.outputs.length === 0) {
    throw encodeError('exited with code 0, without an account of what it did', encodeLog)
  }
  return encodeLog
}

/** fluent-ffmpeg keeps its process in a field that its types do not name. */
const processOf = (composed: ffmpeg.FfmpegCommand): ChildProcess | undefined =>
  (composed as unknown as { ffmpegProc?: ChildProcess }).ffmpegProc

/** Only the variadic form of the option calls: the array form splits an argument at its first space. */
function compose(command: EncodeCommand, jail: Jail): ffmpeg.FfmpegCommand {
  const file = command.outputs.find(({ path: to }) => to !== NOWHERE)?.path ?? command.inputPath
  const composed = ffmpeg({ cwd: path.dirname(file) })
  composed.input(command.inputPath).inputOptions(...command.inputOptions)
  if (command.graph !== undefined) composed.complexFilter(command.graph)
  for (const output of command.outputs) composed.output(output.path).outputOptions(...output.options)
  const composedArgv = (composed as unknown as { _getArguments(): string[] })._getArguments()
  const expected = argvOf(command)
  if (
    composedArgv.length !== expected.length ||
    composedArgv.some((word, index) => word !== expected[index])
  ) {
    throw new ReelmillError(
      'internal',
      'fluent-ffmpeg composed another command line than the one that was built and tested. Check its version.',
      {
        facts: {
          composed: pasteable(jail.ffmpegPath, composedArgv),
          expected: pasteable(jail.ffmpegPath, expected),
        },
      },
    )
  }
  return composed
}

let pathsInUse: Promise<void> = Promise.resolve()

/**
 * fluent-ffmpeg keeps the paths of the executables once per process, not per command, and reads them on the way to
 * starting. So one command starts at a time, and each sets the paths of its own jail first.
 */
async function runWithPaths(composed: ffmpeg.FfmpegCommand, jail: Jail): Promise<void> {
  const before = pathsInUse
  const { promise, resolve } = Promise.withResolvers<void>()
  pathsInUse = promise
  await before
  composed.once('start', resolve)
  composed.once('error', resolve)
  try {
    composed.setFfmpegPath(jail.ffmpegPath)
    composed.setFfprobePath(jail.ffprobePath)
    composed.run()
  } catch (error) {
    resolve()
    throw error
  }
}

/** Calls `onStall` when for `stallMs` neither ffmpeg's report nor its files have changed. */
function watchForStall(command: EncodeCommand, stallMs: number, onStall: () => void) {
  let reported = ''
  let stamps = ''
  const look = async () => {
    // Moving the index to the front of a large file takes minutes without a report: its file tells.
    const now = await fileStamps(command)
    if (now === stamps) onStall()
    stamps = now
    timer.refresh()
  }
  const timer = setTimeout(() => void look(), stallMs)
  return {
    async moved(progress: EncodeProgress) {
      const now = `${progress.outTimeSec} ${progress.frame} ${progress.totalBytes}`
      if (now === reported) return
      reported = now
      timer.refresh()
      stamps = await fileStamps(command)
    },
    end: () => clearTimeout(timer),
  }
}

async function fileStamps({ outputs }: EncodeCommand): Promise<string> {
  const stamps = outputs.map(async ({ path: file }) => {
    const found = await stat(file).catch(() => undefined) // not begun yet
    return found ? `${found.size}:${found.mtimeMs}` : '-'
  })
  return (await Promise.all(stamps)).join(' ')
}

/** Calls `onFlood` when a stream brings more than any movie's log, or a line that does not end. */
function limitFlood(stderr: NodeJS.ReadableStream, onFlood: () => void): void {
  let total = 0
  let line = 0
  stderr.on('data', (chunk: string) => {
    total += chunk.length
    const end = chunk.lastIndexOf('\n')
    line = end === -1 ? line + chunk.length : chunk.length - end - 1
    if (total > MAX_STDERR_BYTES || line > MAX_LINE_BYTES) onFlood()
  })
}

const stalled = (stallMs: number) =>
  new ReelmillError(
    'encode-stalled',
    `ffmpeg made no progress for ${stallMs / 1000} s and was stopped. If it happens again with this input, the input is the likely cause.`,
  )

const timedOut = (limitMs: number) =>
  new ReelmillError(
    'encode-timeout',
    `The encode took longer than ${limitMs / 1000} s. Use a faster preset, a shorter input, or raise REELMILL_ENCODE_TIMEOUT_SEC.`,
  )

const flooded = () =>
  new ReelmillError(
    'encode-failed',
    'ffmpeg wrote more into its log than any movie gives reason for, and was stopped. The input is the likely cause.',
  )
