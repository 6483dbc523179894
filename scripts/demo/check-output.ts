import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { OutputResult } from '../../services/frontend/shapes/job.ts'

const run = promisify(execFile)
/** Sound comes in frames of about 20 ms, and a container may count the encoder's delay. */
const TOLERANCE_SEC = 0.25

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
  output: OutputResult,
  told: OutputResult['files'][number],
  inputSec: number,
): Promise<CheckedFile> {
  const problems: string[] = []
  const { size } = await stat(file)
  if (size !== told.sizeBytes) problems.push(`has ${size} bytes instead of ${told.sizeBytes}`)
  const probe = await run('ffprobe', ['-v', 'error', '-show_streams', '-show_format', '-of', 'json', file])
  const { streams, format } = JSON.parse(probe.stdout) as Probe
  if (streams.length === 0) problems.push('has no stream')
  const codecs = streams.map((stream) => stream.codec_name)
  const promised = (output.streams ?? []).map((stream) => stream.codec)
  if (promised.length > 0 && promised.join() !== codecs.join())
    problems.push(`has ${codecs.join(' + ')} instead of ${promised.join(' + ')}`)
  const durationSec = output.kind === 'file' ? Number(format.duration) : undefined
  if (durationSec !== undefined && !(Math.abs(durationSec - inputSec) <= TOLERANCE_SEC))
    problems.push(`lasts ${durationSec} s instead of ${inputSec} s`)
  const decoded = await run('ffmpeg', ['-v', 'error', '-nostdin', '-xerror', '-i', file, '-f', 'null', '-'])
  if (decoded.stderr !== '') problems.push(`does not decode cleanly: ${decoded.stderr.trim()}`)
  const picture = streams.find((stream) => stream.width)
  const size2d = picture ? `${picture.width}x${picture.height} ` : ''
  return { what: `${size2d}${codecs.join(' + ')}`, durationSec, sizeBytes: size, problems }
}

/** The seconds that a movie lasts, as its container says. */
export async function durationOf(file: string): Promise<number> {
  const probe = await run('ffprobe', ['-v', 'error', '-show_entries', 'format=duration', '-of', 'json', file])
  return Number((JSON.parse(probe.stdout) as Probe).format.duration)
}

interface Probe {
  readonly streams: readonly { codec_name: string; width?: number; height?: number }[]
  readonly format: { readonly duration?: string }
}
