import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import type { FleetRecord } from '#shared/fleet/fleet-record.ts'
import { FLEET_KEY } from '#shared/jobs/keys.ts'
import type { WorkerRecord } from '#shared/workers/worker-record.ts'
import type { Job } from '../../services/frontend/shapes/job.ts'
import { clipFolder } from './clips.ts'
import { nothingIsLeft } from './nothing-is-left.ts'
import { processesAbout } from './process-table.ts'
import { AT_ITS_OWN_PACE } from './slow-encode.ts'
import { REAL_FFMPEG, type StandInFfmpeg, standInFfmpeg } from './stand-in-ffmpeg.ts'
import { startTestStack, type TestStack, type TestStackOptions } from './test-stack.ts'

const run = promisify(execFile)

/** A test stack with what every test of faults asks of it. */
export interface FaultBench extends TestStack {
  /** Its workers' ffmpeg. */
  readonly ffmpeg: StandInFfmpeg
  /** Uploads the clip and submits a job for it. */
  submit(clip: string | Promise<string>, ...presets: readonly string[]): Promise<Job>
  /** A job in the middle of its encode, and who is at it. The next attempt is as fast as can be. */
  encodeSlowly(clip: Promise<string>): Promise<{ id: string; worker: WorkerRecord & { pid: number } }>
  /** Resolves when the process table shows an encode, which the record of its worker tells a little sooner. */
  ffmpegRuns(): Promise<void>
  /** The worker that has this job in that phase; `other` is one that it must not be. */
  workerOn(jobId: string, phase?: string, other?: WorkerRecord): Promise<WorkerRecord>
  /**
   * The job, when it has succeeded: in exactly one of its attempts, with outputs that are whole and play as long as
   * their input, and nothing else left anywhere. `outcomes` are those of its attempts, in order.
   */
  succeeded(jobId: string, outcomes?: readonly string[], withinMs?: number): Promise<Job>
  /** The job, when it has failed with `code`, and nothing is left of it. */
  failed(jobId: string, code: string, withinMs?: number): Promise<Job>
  fleet(): Promise<FleetRecord>
  /** See {@link nothingIsLeft}. */
  nothingIsLeft(withinMs?: number): Promise<void>
}

// A machine that runs other tests beside these is some times slower than one that encodes a clip of some seconds.
const ENDS_WITHIN_MS = 90_000

export async function startFaultBench(
  environment: Readonly<Record<string, string>> = {},
  options: TestStackOptions = {},
): Promise<FaultBench> {
  const ffmpeg = await standInFfmpeg()
  const stack = await startTestStack({ PATH: ffmpeg.PATH, ...environment }, options)
  /** Asked again and again, so that a frontend or a store that is away for a while does not matter. */
  const ended = (jobId: string, withinMs = ENDS_WITHIN_MS) =>
    stack.until('the job has ended', () => endedJob(stack, jobId), withinMs)
  const workerOn: FaultBench['workerOn'] = (jobId, phase, other) =>
    stack.until(`a worker has the job${phase ? ` in its phase ${phase}` : ''}`, async () =>
      (await stack.workers()).find(
        ({ id, job, progress }) =>
          job === jobId && id !== other?.id && (phase === undefined || progress?.phase === phase),
      ),
    )
  const submit: FaultBench['submit'] = async (clip, ...presets) => {
    const upload = await stack.api.upload(await clip)
    return stack.api.submit(upload.id, presets)
  }
  const ffmpegRuns = async () => {
    await stack.until('an ffmpeg runs', async () =>
      (await processesAbout(stack.dataFolder)).some(({ command }) => command.includes(' -progress ')),
    )
  }
  return {
    ...stack,
    ffmpeg,
    submit,
    workerOn,
    ffmpegRuns,
    async encodeSlowly(clip) {
      await ffmpeg.behave(AT_ITS_OWN_PACE)
      const { id } = await submit(clip, 'web-480p')
      const worker = await workerOn(id, 'encode')
      await ffmpegRuns()
      await ffmpeg.behave(REAL_FFMPEG)
      const { pid } = worker
      assert.ok(pid)
      return { id, worker: { ...worker, pid } }
    },
    nothingIsLeft: (withinMs) => nothingIsLeft(stack, withinMs),
    async succeeded(jobId, outcomes, withinMs) {
      const job = await ended(jobId, withinMs)
      assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
      const seen = (job.attempts ?? []).map(({ outcome }) => outcome)
      assert.equal(seen.filter((outcome) => outcome === 'succeeded').length, 1, seen.join())
      if (outcomes) assert.deepEqual(seen, outcomes)
      await outputsAreRight(stack, job)
      await nothingIsLeft(stack)
      return job
    },
    async failed(jobId, code, withinMs) {
      const job = await ended(jobId, withinMs)
      assert.equal(job.status, 'failed')
      assert.equal(job.error?.code, code, JSON.stringify(job.error))
      assert.deepEqual(
        job.outputs.flatMap(({ files }) => files),
        [],
      )
      await nothingIsLeft(stack)
      return job
    },
    async fleet() {
      return stack.until('a master has the fleet', async () => {
        const found = await stack.stores.store.get<FleetRecord>(FLEET_KEY)
        return found?.value.owner ? found.value : undefined
      })
    },
  }
}

async function endedJob(stack: TestStack, jobId: string): Promise<Job | undefined> {
  const headers = { authorization: `Bearer ${stack.key}` }
  try {
    const answer = await fetch(`${stack.url}/v1/jobs/${jobId}`, { headers })
    const job = (await answer.json()) as Job
    return answer.ok && ['succeeded', 'failed', 'canceled'].includes(job.status) ? job : undefined
  } catch {
    return undefined // the frontend is not there just now
  }
}

/** Downloads every file as a client would, and looks at it with another pair of eyes than the worker's. */
async function outputsAreRight(stack: TestStack, job: Job): Promise<void> {
  const lengthSec = job.inputs[0]?.detected?.durationSec
  assert.ok(lengthSec, 'the input was probed')
  assert.ok(job.outputs.length > 0)
  for (const file of job.outputs.flatMap(({ files }) => files)) {
    const local = path.join(clipFolder(), randomUUID())
    try {
      await stack.api.download(file, local)
      const bytes = await readFile(local)
      assert.equal(bytes.length, file.sizeBytes)
      assert.equal(createHash('sha256').update(bytes).digest('hex'), file.sha256)
      if (!file.contentType?.startsWith('video/')) continue
      const probe = ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', local]
      const { stdout, stderr } = await run('ffprobe', probe)
      assert.equal(stderr, '')
      assert.ok(Math.abs(Number(stdout) - lengthSec) < 0.2, `${stdout} is not ${lengthSec}`)
    } finally {
      await rm(local, { force: true })
    }
  }
}
