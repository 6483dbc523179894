import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { type CheckedFile, checkOutput } from './check-output.ts'
import type { DemoJob } from './demo-job.ts'
import type { Door } from './doors/door.ts'
import { lengthsOf } from './movie-lengths.ts'
import type { NamedMovie } from './name-movies.ts'
import type { ProgressLines } from './progress-lines.ts'

/** A movie that goes in, its size, and the folder whose `rest/` and `soap/` its outputs go to. */
export interface Movie extends NamedMovie {
  readonly sizeBytes: number
  readonly folder: string
}

export interface EncodedMovie<SeenJob extends DemoJob = DemoJob> {
  readonly movie: Movie
  readonly door: Door['name']
  readonly job: SeenJob
  readonly files: readonly (CheckedFile & {
    readonly output: string
    readonly path: string
    readonly url: string
  })[]
}

/**
 * Sends one movie through a door, follows its job on a line of its own, fetches every output, and checks each. `ended`
 * is called when the job has succeeded. Throws a sentence when it does not succeed.
 */
export async function encodeMovie<SeenJob extends DemoJob>(
  movie: Movie,
  presets: readonly string[],
  use: {
    readonly door: Door<SeenJob>
    readonly lines: ProgressLines
    readonly signal: AbortSignal
    ended(): void
  },
): Promise<EncodedMovie<SeenJob>> {
  const { door, lines, signal } = use
  const label = `${door.name}  ${movie.label}`
  const line = (phase: string, progress?: number, detail?: string) =>
    lines.set(label, { label, phase, progress, detail })
  const startedMs = performance.now()
  line('uploading', 0) // before anything is awaited, so that the lines stand in the order of the calls
  const jobId = await door.submit(movie.file, presets, (sent) =>
    line('uploading', sent / Math.max(1, movie.sizeBytes)),
  )
  let progress: number | undefined
  const job = await door.follow(jobId, (seen) => {
    progress = seen.progress ?? progress // what comes after the encode has none of its own
    if (seen.endedAt === undefined) line(phaseOf(seen), progress, detailOf(seen))
  })
  if (job.status !== 'succeeded') {
    throw new Error(
      `The job ${job.id} of ${movie.label} is ${job.status}: ${job.error?.message ?? 'no reason given'}`,
    )
  }
  use.ended()
  line(job.status, 1, `${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
  return { movie, door: door.name, job, files: await fetchAndCheck(movie, job, door, signal) }
}

async function fetchAndCheck(movie: Movie, job: DemoJob, door: Door, signal: AbortSignal) {
  const input = await lengthsOf(movie.file, signal)
  const files: EncodedMovie['files'][number][] = []
  for (const output of job.outputs) {
    for (const told of output.files) {
      const folder = path.join(movie.folder, door.name.toLowerCase(), movie.name, output.name)
      await mkdir(folder, { recursive: true })
      const local = path.join(folder, path.posix.basename(told.path))
      await door.fetchFile(job.id, output.name, told, local)
      const checked = await checkOutput(local, output, told, { input, signal })
      files.push({ ...checked, output: output.name, path: local, url: told.url })
    }
  }
  return files
}

/** A phase as a word for what is being done; one that is not known here as it is. */
function phaseOf({ status, phase }: DemoJob): string {
  if (status !== 'running') return status
  return phase === undefined ? 'starting' : (DOING[phase] ?? phase)
}

const DOING: Readonly<Record<string, string>> = {
  fetch: 'fetching',
  probe: 'probing',
  encode: 'encoding',
  verify: 'verifying',
  upload: 'storing',
}

function detailOf(job: DemoJob): string | undefined {
  if (job.status === 'queued') return 'waiting for a worker'
  const speed = job.realtimeFactor === undefined ? '' : `${job.realtimeFactor.toFixed(1)}x`
  const left = job.etaSec === undefined ? '' : `${Math.ceil(job.etaSec)} s left`
  return [speed, left].filter(Boolean).join(', ') || undefined
}
