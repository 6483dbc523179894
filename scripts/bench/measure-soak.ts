import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { systemClock } from '#shared/clock.ts'
import { demoClip, makeClip } from '../demo/make-clip.ts'
import { ApiClient } from '../stack/api-client.ts'
import { FLEET, machinesFolder } from '../stack/service-environments.ts'
import type { BenchContext, BenchGroup, BenchStack } from './bench-group.ts'
import type { Measurement, Unit } from './measurement.ts'
import { type ProcessUse, processUse } from './process-use.ts'
import { summary } from './statistics.ts'
import { succeeded } from './succeeded.ts'

const WORKERS = 2
/** Two for each worker, so that a bell always waits when one becomes free. */
const CLIENTS = 2 * WORKERS
const SAMPLE_EVERY_MS = 2_000
const SAY_EVERY_MS = 60_000
/** From one third of the time to the next: a leak that matters is larger, and less is the heap's breathing. */
const MOST_GROWTH = 0.05
/** Of what is counted a few come and go. */
const MOST_MORE = 2

/** Full load for a long time: what grows would end a service that nobody restarts. */
export const measureSoak: BenchGroup = {
  name: 'soak',
  title: 'Soak',
  about: `Full load for --minutes: whether memory, handles, open files and temporary files of each process stay level.`,
  onRequest: true,
  takes: ['minutes'],
  async run(context) {
    const environment = {
      REELMILL_MIN_WORKERS: String(WORKERS),
      REELMILL_MAX_WORKERS: String(WORKERS),
      REELMILL_RATE_PER_MINUTE: '1000000',
    }
    // All that anybody puts into the system's temporary folder comes to light in one of ours.
    const temporary = path.join(context.folder, 'soak-tmp')
    await rm(temporary, { recursive: true, force: true })
    await mkdir(temporary, { recursive: true })
    try {
      await using running = await context.startStack({ ...environment, TMPDIR: temporary })
      return await soak(running, temporary, context)
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  },
}

async function soak(running: BenchStack, temporary: string, context: BenchContext) {
  const { minutes, say } = context
  const { stack, dataFolder } = running
  const over = new AbortController()
  const load = startLoad(running, over.signal, context)
  const samples: Sample[] = []
  try {
    const pids = await pidsOf(running, context.signal)
    const beganMs = performance.now()
    const endMs = beganMs + minutes * 60_000
    for (let saidMs = beganMs; performance.now() < endMs; ) {
      samples.push(await sample(pids, [temporary, workspacesOf(dataFolder)]))
      if (performance.now() - saidMs > SAY_EVERY_MS) {
        saidMs = performance.now()
        say(`  ${Math.round((saidMs - beganMs) / 60_000)} min: ${load.done} jobs; ${inWords(samples.at(-1))}`)
      }
      await Promise.race([load.ended, stack.failed, systemClock.sleep(SAMPLE_EVERY_MS, context.signal)])
    }
  } finally {
    over.abort(new Error('the soak is over'))
  }
  await load.ended
  return { measurements: rowsOf(samples), remarks: remarksOn(load.done, minutes, samples.length) }
}

interface Load {
  readonly done: number
  /** Resolves when all clients have ended, which they do with the jobs they are at; rejects when one failed. */
  readonly ended: Promise<void>
}

/** Clients that send a movie, have it encoded, fetch what came out, delete both, and begin again. */
function startLoad({ stack, dataFolder }: BenchStack, over: AbortSignal, context: BenchContext): Load {
  const { signal } = context
  const api = new ApiClient({ url: stack.url, key: stack.key, signal })
  let done = 0
  const client = async (clip: string, number: number) => {
    const fetched = path.join(dataFolder, `fetched-${number}.mp4`)
    while (!over.aborted) {
      const upload = await api.upload(clip)
      const job = succeeded(await api.follow((await api.submit(upload.id, ['web-480p'])).id))
      for (const output of job.outputs) for (const file of output.files) await api.download(file, fetched)
      await api.deleteJob(job.id)
      await api.deleteUpload(upload.id)
      done++
    }
  }
  const all = async () => {
    const clip = path.join(dataFolder, 'small.mp4')
    await makeClip(clip, { ...demoClip, width: 320, height: 180, durationSec: 2 }, signal)
    await Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(clip, i)))
  }
  const ended = all()
  ended.catch(() => {}) // whoever awaits it is told
  return {
    get done() {
      return done
    },
    ended,
  }
}

const workspacesOf = (dataFolder: string): string =>
  path.join(machinesFolder(dataFolder), FLEET, 'workspaces')

async function pidsOf({ stack, dataFolder }: BenchStack, signal: AbortSignal): Promise<Map<string, number>> {
  const folder = path.join(machinesFolder(dataFolder), FLEET, 'pids')
  let ids: string[] = []
  for (; ids.length < WORKERS; ids = await readdir(folder).catch(() => []))
    await systemClock.sleep(100, signal)
  const pids = new Map<string, number>()
  for (const [name, pid] of Object.entries(stack.pids)) if (pid !== undefined) pids.set(name, pid)
  for (const [i, id] of ids.toSorted().entries())
    pids.set(`worker ${i + 1}`, Number.parseInt(await readFile(path.join(folder, id), 'utf8'), 10))
  return pids
}

interface Sample {
  readonly uses: ReadonlyMap<string, ProcessUse>
  readonly temporaryFiles: number
}

async function sample(pids: ReadonlyMap<string, number>, folders: readonly string[]): Promise<Sample> {
  const uses = new Map<string, ProcessUse>()
  for (const [name, pid] of pids) {
    try {
      uses.set(name, await processUse(pid))
    } catch (error) {
      throw new Error(`${name} ended during the soak`, { cause: error })
    }
  }
  const counts = await Promise.all(folders.map(filesBelow))
  return { uses, temporaryFiles: counts.reduce((a, b) => a + b, 0) }
}

async function filesBelow(folder: string): Promise<number> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => !entry.isDirectory()).length
  } catch (error) {
    // A workspace that is removed while it is walked through.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
    throw error
  }
}

function rowsOf(samples: readonly Sample[]): Measurement[] {
  const names = [...(samples[0]?.uses.keys() ?? [])]
  const of = (name: string, field: keyof ProcessUse) =>
    samples.map(({ uses }) => uses.get(name)?.[field] ?? Number.NaN)
  return [
    ...names.map((name) => growth(`memory (RSS): ${name}`, of(name, 'rssMib'))),
    ...names.flatMap((name) => [
      more(`handles: ${name}`, of(name, 'handles'), 'handles'),
      more(`open files: ${name}`, of(name, 'files'), 'files'),
      more(`threads: ${name}`, of(name, 'threads'), 'threads'),
    ]),
    more(
      'temporary files of all',
      samples.map(({ temporaryFiles }) => temporaryFiles),
      'files',
    ),
  ]
}

/** The median of the last third, by that of the second. */
function growth(what: string, values: readonly number[]): Measurement {
  const { second, last } = thirds(values)
  return {
    what,
    unit: 'x',
    value: summary([last / second]),
    goal: { atMost: 1 + MOST_GROWTH },
    note: `${second.toFixed(0)} MiB, then ${last.toFixed(0)} MiB`,
  }
}

/** The median of the last third, less that of the second. */
function more(what: string, values: readonly number[], unit: Unit): Measurement {
  const { second, last } = thirds(values)
  return {
    what,
    unit,
    value: summary([last - second]),
    goal: { atMost: Math.max(MOST_MORE, Math.floor(MOST_GROWTH * second)) },
    note: `${second}, then ${last}`,
  }
}

function thirds(values: readonly number[]) {
  const third = Math.floor(values.length / 3)
  return {
    second: summary(values.slice(third, 2 * third)).median,
    last: summary(values.slice(2 * third)).median,
  }
}

const inWords = (at: Sample | undefined): string =>
  [...(at?.uses ?? [])].map(([name, { rssMib }]) => `${name} ${rssMib.toFixed(0)} MiB`).join(', ')

const remarksOn = (jobs: number, minutes: number, samples: number): string => `
${jobs} jobs in ${minutes} minutes, each from the upload of a clip of 2 s to fetching and deleting the output, by
${CLIENTS} clients on ${WORKERS} workers. ${samples} samples of each process. A row compares the median of the last third of
the time with that of the second: memory as a ratio, what is counted as a difference. Level is up to ${100 * MOST_GROWTH} % more,
or ${MOST_MORE} of what is counted. Handles are open descriptors that are no files: sockets, pipes and what the event loop waits with.
Temporary files are those in the workers' workspaces and in the system's temporary folder.
`
