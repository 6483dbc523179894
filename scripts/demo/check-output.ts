import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { messageOf } from '#shared/errors.ts'
import type { DemoFile, DemoOutput } from './demo-job.ts'
import { lengthOf, type MovieLengths } from './movie-lengths.ts'

const run = promisify(execFile)
/** Sound comes in frames of about 20 ms, and a container may count the encoder's delay. */
const TOLERANCE_SEC = 0.25
const PROBE = ['-v', 'error', '-of', 'json']
const DECODE = ['-v', 'error', '-nostdin', '-xerror']

export interface CheckedFile {
  /** Such as `1280x720 h264 + aac`. */
  readonly what: string
  readonly durationSec: number | undefined
  readonly sizeBytes: number
  /** Sentences; none when all is well. */
  readonly problems: readonly string[]
}

/** Looks at a fetched file with ffprobe and decodes all of it, as somebody would who trusts nobody's word. */
export async function checkOutput(
  file: string,
  output: DemoOutput,
  told: DemoFile,
  { input, signal }: { readonly input: MovieLengths; readonly signal: AbortSignal },
): Promise<CheckedFile> {
  const problems: string[] = []
  const { size } = await stat(file)
  if (size !== told.sizeBytes) problems.push(`has ${size} bytes instead of ${told.sizeBytes}`)
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash, { signal })
  const sha256 = hash.digest('hex')
  if (sha256 !== told.sha256) problems.push('is not the file that the service made: its SHA-256 differs')
  const probe = await tried('ffprobe', [...PROBE, '-show_streams', '-show_format', file], signal)
  if (probe.failure !== undefined) {
    problems.push(`cannot be read: ${probe.failure}`)
    return { what: 'unknown', durationSec: undefined, sizeBytes: size, problems }
  }
  const { streams, format } = JSON.parse(probe.stdout) as Probe
  if (streams.length === 0) problems.push('has no stream')
  const codecs = streams.map((stream) => stream.codec_name)
  const promised = (output.streams ?? []).map((stream) => stream.codec)
  if (promised.length > 0 && promised.join() !== codecs.join())
    problems.push(`has ${codecs.join(' + ')} instead of ${promised.join(' + ')}`)
  const durationSec = output.kind === 'file' ? Number(format.duration) : undefined
  const inputSec = lengthOf(
    input,
    streams.map((stream) => stream.codec_type),
  )
  if (durationSec !== undefined && inputSec !== undefined && !isNear(durationSec, inputSec))
    problems.push(`lasts ${durationSec} s instead of ${inputSec} s`)
  const decoded = await tried('ffmpeg', [...DECODE, '-i', file, '-f', 'null', '-'], signal)
  if (decoded.failure !== undefined) problems.push(`does not decode cleanly: ${decoded.failure}`)
  const picture = streams.find((stream) => stream.width)
  const size2d = picture ? `${picture.width}x${picture.height} ` : ''
  return { what: `${size2d}${codecs.join(' + ')}`, durationSec, sizeBytes: size, problems }
}

const isNear = (sec: number, other: number): boolean => Math.abs(sec - other) <= TOLERANCE_SEC

interface Probe {
  readonly streams: readonly { codec_name: string; codec_type: string; width?: number; height?: number }[]
  readonly format: { readonly duration?: string }
}

/** What a tool said. `failure` is what it had to complain about; that is a finding and no error of ours. */
async function tried(tool: string, args: readonly string[], signal: AbortSignal) {
  try {
    const { stdout, stderr } = await run(tool, [...args], { signal })
    return { stdout, failure: stderr.trim() || undefined }
  } catch (error) {
    signal.throwIfAborted()
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    return { stdout: '', failure: said || messageOf(error) }
  }
}
