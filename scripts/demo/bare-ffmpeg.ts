import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { commandPair } from '../bench/bare-command.ts'
import type { EncodedTwice } from './encode-by-both-doors.ts'

/**
 * Makes the outputs of each movie, once, as somebody would without Reelmill: one ffmpeg command for each, one after
 * another, with the same settings. Resolves with the seconds that it took.
 */
export async function bareFfmpeg(
  encoded: readonly EncodedTwice[],
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  const startedMs = performance.now()
  for (const { job, movie } of encoded.map(({ rest }) => rest)) {
    const detected = job.inputs[0]?.detected
    if (!detected) throw new Error(`the job ${job.id} does not say what its input is`)
    const own = path.join(folder, movie.name)
    await mkdir(own, { recursive: true })
    for (const output of job.outputs) {
      const { bare } = commandPair(movie.file, detected, [output], own)
      await promisify(execFile)('ffmpeg', [...bare], { signal })
    }
  }
  return (performance.now() - startedMs) / 1000
}
