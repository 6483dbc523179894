import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { launchedWorkerEnvironment, workerCommand } from '#shared/workers/worker-launch.ts'
import { findJail, openJail } from '../../services/worker/ffmpeg/jail.ts'
import { defaultLimits } from '../../services/worker/ffmpeg/limits.ts'
import type { BenchContext, BenchGroup } from './bench-group.ts'
import type { Measurement } from './measurement.ts'
import { quantile, summary } from './statistics.ts'
import { succeeded } from './succeeded.ts'
import { onWarmWorker, type WarmWorker } from './warm-worker.ts'

const SMALL_JOBS = 20
const WORKER_STARTS = 7
const JAIL_STARTS = 15
const WORKER = fileURLToPath(new URL('../../services/worker/main.ts', import.meta.url))

/** How long things take to begin. */
export const measureStarts: BenchGroup = {
  name: 'starts',
  title: 'Beginnings',
  about: 'From a submit to ffmpeg, from the start of a worker to its first poll, and what the jail adds.',
  takes: [],
  run: (context) =>
    onWarmWorker(context, {}, async (warm) => ({
      measurements: [
        await submitToEncode(warm, context),
        await workerStart(warm, context),
        await jailStart(context),
      ],
    })),
}

/** From sending a submit to the start of ffmpeg's encode on an idle worker, as that worker's own log says. */
async function submitToEncode(
  { api, workerLog, small }: WarmWorker,
  { say }: BenchContext,
): Promise<Measurement> {
  const upload = await api.upload(small)
  const submittedAt: number[] = []
  const already = (await encodeStarts(workerLog)).length
  for (let i = 0; i < SMALL_JOBS; i++) {
    submittedAt.push(Date.now())
    succeeded(await api.follow((await api.submit(upload.id, ['web-480p'])).id))
  }
  const startedAt = (await encodeStarts(workerLog)).slice(already)
  if (startedAt.length !== submittedAt.length)
    throw new Error(
      `the worker's log has ${startedAt.length} encodes of ${submittedAt.length} jobs; is it the only worker?`,
    )
  const waits = startedAt.map((at, i) => at - (submittedAt[i] ?? 0))
  say(`  ${SMALL_JOBS} small jobs, one after another`)
  return {
    what: 'submit to ffmpeg started, idle warm worker',
    unit: 'ms',
    value: summary(waits),
    goal: { atMost: 1000 },
    compared: { name: 'p95', value: quantile(waits, 0.95) },
  }
}

/** From starting the process of a worker until it is registered and about to poll for the first time. */
async function workerStart({ workerEnvironment }: WarmWorker, { say }: BenchContext): Promise<Measurement> {
  const [program, ...args] = workerCommand(WORKER)
  const starts: number[] = []
  // The first start fills the compile cache, as any earlier start would have.
  for (let i = 0; i <= WORKER_STARTS; i++) {
    const startedMs = performance.now()
    const worker = spawn(program, args, {
      env: { ...workerEnvironment, ...launchedWorkerEnvironment, REELMILL_LOG_LEVEL: 'info' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exit = once(worker, 'exit')
    for await (const line of createInterface({ input: worker.stdout }))
      if (line.includes('"msg":"ready"')) {
        if (i > 0) starts.push(performance.now() - startedMs)
        worker.kill('SIGTERM')
      }
    await exit
  }
  say(`  ${WORKER_STARTS} worker processes, one after another`)
  return {
    what: 'worker process start to first poll',
    unit: 'ms',
    value: summary(starts),
    goal: { atMost: 300 },
  }
}

/** What the jail adds to one start of ffmpeg: with it and without it, turn and turn about. */
async function jailStart({ folder, say }: BenchContext): Promise<Measurement> {
  const tools = await findJail({ wanted: 'bwrap', searchPath: process.env.PATH ?? '' })
  const jail = await openJail(tools, {
    toolDir: path.join(folder, 'jail'),
    readOnly: [],
    writable: [folder],
    limits: defaultLimits,
  })
  const added: number[] = []
  for (let i = 0; i < JAIL_STARTS; i++) {
    const bare = await startMs(tools.ffmpeg)
    added.push((await startMs(jail.ffmpegPath)) - bare)
  }
  say(`  ${JAIL_STARTS} starts of ffmpeg with and without the jail`)
  return { what: 'jail, per start of ffmpeg', unit: 'ms', value: summary(added), goal: { atMost: 20 } }
}

async function startMs(ffmpeg: string): Promise<number> {
  const startedMs = performance.now()
  const child = spawn(ffmpeg, ['-version'], { stdio: 'ignore' })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${ffmpeg} -version ended with ${code}`)
  return performance.now() - startedMs
}

/** The times of the log's lines that say that an encode starts. */
async function encodeStarts(workerLog: string): Promise<number[]> {
  const text = await readFile(workerLog, 'utf8')
  return text
    .split('\n')
    .filter((line) => line.includes('"msg":"ffmpeg encodes"'))
    .map((line) => Date.parse(JSON.parse(line).time))
}
