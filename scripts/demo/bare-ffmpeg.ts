import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Job } from '../../services/frontend/shapes/job.ts'
import { commandPair } from '../bench/bare-command.ts'

/**
 * Makes the outputs of a job as somebody would without Reelmill: one ffmpeg command for each, one after another,
 * with the same settings.
 */
export async function bareFfmpeg(
  file: string,
  job: Job,
  folder: string,
  signal: AbortSignal,
): Promise<{ readonly wallSec: number }> {
  const detected = job.inputs[0]?.detected
  if (!detected) throw new Error(`the job ${job.id} does not say what its input is`)
  await mkdir(folder, { recursive: true })
  const startedMs = performance.now()
  for (const output of job.outputs) {
    const { bare } = commandPair(file, detected, [output], folder)
    await promisify(execFile)('ffmpeg', [...bare], { signal })
  }
  return { wallSec: (performance.now() - startedMs) / 1000 }
}
