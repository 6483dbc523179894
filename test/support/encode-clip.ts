import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { systemClock } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import { type Log, silentLog } from '#shared/log.ts'
import { findPreset } from '#shared/presets/catalogue.ts'
import type { Settings } from '#shared/presets/settings.ts'
import {
  type EncodeMovieResult,
  encodeMovie,
  type MovieProgress,
} from '../../services/worker/ffmpeg/encode-movie.ts'
import { findJail, type Jail, type JailKind, openJail } from '../../services/worker/ffmpeg/jail.ts'
import { defaultLimits, type EncodeLimits } from '../../services/worker/ffmpeg/limits.ts'
import { clipFolder } from './clips.ts'

export interface EncodeClipOptions {
  readonly limits?: Partial<EncodeLimits>
  readonly settings?: Settings
  readonly jail?: JailKind
  /** As in the engine; none unless said. */
  readonly decodeShare?: number
  /** Puts another program in the place of ffmpeg. */
  readonly ffmpeg?: string
  readonly signal?: AbortSignal
  readonly log?: Log
  readonly onProgress?: (progress: MovieProgress) => void
}

/** Encodes a clip by presets through the engine's own door, each output named after its preset. */
export async function encodeClip(
  inputPath: string,
  presets: readonly string[],
  options: EncodeClipOptions = {},
): Promise<EncodeMovieResult> {
  const limits = { ...defaultLimits, ...options.limits }
  const { jail, outputDir } = await openClipJail(inputPath, options)
  return encodeMovie({
    inputPath,
    inputId: 'in1',
    outputDir,
    outputs: presets.map((name) => {
      const { kind, settings } = findPreset(name)
      return { name, kind, settings: { ...settings, ...options.settings } }
    }),
    jobId: 'job1',
    decodeShare: options.decodeShare ?? 0,
    jail,
    limits,
    clock: systemClock,
    log: options.log ?? silentLog,
    signal: options.signal ?? new AbortController().signal,
    onProgress: options.onProgress ?? (() => undefined),
  })
}

/** A jail around the folder of `inputPath` and a fresh folder to write to. */
export async function openClipJail(
  inputPath: string,
  options: Pick<EncodeClipOptions, 'limits' | 'jail' | 'ffmpeg'> = {},
): Promise<{ readonly jail: Jail; readonly outputDir: string }> {
  const workspace = path.join(clipFolder(), randomUUID())
  const outputDir = path.join(workspace, 'output')
  await mkdir(outputDir, { recursive: true })
  const tools = await findJail({
    wanted: options.jail ?? 'bwrap',
    searchPath: process.env.PATH ?? '',
    ...(options.ffmpeg && { ffmpeg: options.ffmpeg }),
  })
  const jail = await openJail(tools, {
    toolDir: path.join(workspace, 'jail'),
    readOnly: [path.dirname(inputPath)],
    writable: [outputDir],
    limits: { ...defaultLimits, ...options.limits },
  })
  return { jail, outputDir }
}

/** The code that a promise fails with; `succeeded` when it does not. Errors that are not ours are thrown on. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'succeeded'
  } catch (error) {
    if (error instanceof ReelmillError) return error.code
    throw error
  }
}
