import path from 'node:path'
import { type Clock, systemClock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import type { Engine } from '../engine.ts'
import { findJail, type JailKind, openJail } from './jail.ts'
import { defaultLimits, type EncodeLimits } from './limits.ts'

export interface OpenEngine {
  readonly jail: JailKind
  /** Loads the modules that only an encode needs. The first encode does so too; earlier is better. */
  load(): Promise<void>
  readonly encode: Engine
}

// Half of a worker's modules: they can come while its first poll is on the way.
const encoder = () => import('./encode-movie.ts')

/**
 * The engine that the worker's life cycle runs: finds ffmpeg and the jail once, and opens a jail for each movie around
 * its own two folders. Throws `configuration-invalid` when ffmpeg is missing or the wanted jail does not work.
 */
export async function openEngine(options: {
  /** `auto` is bwrap: `none` must be asked for by name. */
  readonly jail: 'auto' | JailKind
  /** Of all movies that are made, how many are decoded whole to verify them: 0 to 1. */
  readonly decodeShare: number
  readonly log: Log
  readonly clock?: Clock
  readonly limits?: Partial<EncodeLimits>
}): Promise<OpenEngine> {
  const { decodeShare, log, clock = systemClock } = options
  const limits = { ...defaultLimits, ...options.limits }
  const tools = await findJail({
    wanted: options.jail === 'auto' ? 'bwrap' : options.jail,
    searchPath: process.env.PATH ?? '',
  })
  if (tools.kind === 'none') {
    log.warn({ jail: 'none' }, 'ffmpeg runs WITHOUT A JAIL, as asked: only for inputs that you trust')
  }
  return {
    jail: tools.kind,
    load: async () => void (await encoder()),
    encode: async (request) => {
      const jail = await openJail(tools, {
        // Beside what ffmpeg may write to, never inside: it must not be able to rewrite its own jail.
        toolDir: path.join(path.dirname(request.outputDir), 'jail'),
        readOnly: [path.dirname(request.inputPath)],
        writable: [request.outputDir],
        limits,
      })
      const { encodeMovie } = await encoder()
      return encodeMovie({ ...request, decodeShare, jail, limits, clock, log })
    },
  }
}
