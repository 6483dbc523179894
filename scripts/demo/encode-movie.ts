import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Job } from '../../services/frontend/shapes/job.ts'
import type { ApiClient } from '../stack/api-client.ts'
import { type CheckedFile, checkOutput, durationOf } from './check-output.ts'
import type { ProgressLines } from './progress-lines.ts'

export interface EncodedMovie {
  readonly job: Job
  /** From the first byte sent until the job had succeeded, and from its submission. */
  readonly totalSec: number
  readonly jobSec: number
  readonly files: readonly (CheckedFile & {
    readonly output: string
    readonly path: string
    readonly url: string
  })[]
}

/**
 * Sends one movie, follows its job on a line of its own, fetches every output into `folder`, and checks each.
 * Throws a sentence when the job does not succeed.
 */
export async function encodeMovie(
  file: string,
  presets: readonly string[],
  folder: string,
  use: { readonly api: ApiClient; readonly lines: ProgressLines; readonly sizeBytes: number },
): Promise<EncodedMovie> {
  const { api, lines, sizeBytes } = use
  const label = path.basename(file)
  const line = (phase: string, progress?: number, detail?: string) =>
    lines.set(file, { label, phase, progress, detail })
  const startedMs = performance.now()
  const upload = await api.upload(file, (sent) => line('uploading', sent / Math.max(1, sizeBytes)))
  const submittedMs = performance.now()
  const submitted = await api.submit(upload.id, presets)
  const job = await api.follow(submitted.id, (seen) => {
    if (seen.endedAt === undefined) line(phaseOf(seen), seen.progress, detailOf(seen))
  })
  const endedMs = performance.now()
  if (job.status !== 'succeeded') {
    throw new Error(
      `The job ${job.id} of ${label} is ${job.status}: ${job.error?.message ?? 'no reason given'}`,
    )
  }
  line(job.status, 1, `${((endedMs - submittedMs) / 1000).toFixed(1)} s`)
  const inputSec = await durationOf(file)
  const files: EncodedMovie['files'][number][] = []
  for (const output of job.outputs) {
    for (const told of output.files) {
      const local = path.join(folder, output.name, path.basename(told.path))
      await mkdir(path.dirname(local), { recursive: true })
      await api.download(told, local)
      const checked = await checkOutput(local, output, told, inputSec)
      files.push({ ...checked, output: output.name, path: local, url: told.url })
    }
  }
  return { job, totalSec: (endedMs - startedMs) / 1000, jobSec: (endedMs - submittedMs) / 1000, files }
}

const phaseOf = (job: Job): string => (job.status === 'running' ? (job.phase ?? 'running') : job.status)

function detailOf(job: Job): string | undefined {
  if (job.status === 'queued') return job.waitingFor === 'capacity' ? 'a worker is starting' : undefined
  const speed = job.realtimeFactor === undefined ? '' : `${job.realtimeFactor.toFixed(1)}x`
  const left = job.etaSec === undefined ? '' : `${Math.ceil(job.etaSec)} s left`
  return [speed, left].filter(Boolean).join(', ') || undefined
}
