import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { messageOf } from '#shared/errors.ts'
import { demoClip, makeClip } from '../demo/make-clip.ts'
import { ApiClient } from '../stack/api-client.ts'
import { freePorts } from '../stack/free-ports.ts'
import { FLEET, machinesFolder, serviceEnvironments } from '../stack/service-environments.ts'
import { StoppedBySignal, stopSignals } from '../stack/stop-signals.ts'
import { type Stack, startStack } from '../stack.ts'
import { benchClips } from './bench-clips.ts'
import { measureJail, measureSubmitToEncode, measureWorkerStart } from './measure-starts.ts'
import { type MeasureContext, measureOneDecode, measureVerify, measureWall } from './measure-wall.ts'
import { type Measurement, reached } from './measurement.ts'
import { asMarkdown, asTable, machineInWords } from './report.ts'

// npm run bench -- [--rounds 5] [--seconds 60] [--write-docs]
// Side by side with bare ffmpeg in one run. The table on the screen, everything in out/bench/bench.json. Exits with 1
// when a goal was not reached.

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = path.join(root, 'out', 'bench')
const said: string[] = []
const say = (line = '') => {
  said.push(line)
  process.stdout.write(`${line}\n`)
}

async function bench(signal: AbortSignal, own: (stack: Stack) => void): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '60' },
      'write-docs': { type: 'boolean', default: false },
    },
  })
  const rounds = Number.parseInt(values.rounds, 10)
  const seconds = Number.parseInt(values.seconds, 10)
  const machine = await machineInWords()
  say(`${machine}; clips of ${seconds} s, ${rounds} rounds`)
  await mkdir(folder, { recursive: true })
  const clips = await benchClips(folder, seconds)
  const measurements: Measurement[] = []
  const add = async (measured: Promise<Measurement[]>) => void measurements.push(...(await measured))
  const small = path.join(folder, 'small.mp4')
  await makeClip(small, { ...demoClip, width: 320, height: 180, durationSec: 2 }, signal)
  await onWarmWorker({}, small, signal, own, async (warm) => {
    const context: MeasureContext = { ...warm, folder, rounds, signal, say }
    for (const clip of clips) await add(measureWall(clip, context))
    for (const clip of clips.slice(0, 1)) await add(measureOneDecode(clip, context))
    await add(measureSubmitToEncode(small, warm.workerLog, context))
    await add(measureWorkerStart(warm.workerEnvironment, context))
    await add(measureJail(context))
  })
  // What runs inside the jail is in a process namespace of its own, and its CPU time is not added to the worker's.
  say('  without the jail, so that CPU time can be told apart:')
  await onWarmWorker({ REELMILL_JAIL: 'none' }, small, signal, own, async (warm) => {
    const context: MeasureContext = { ...warm, folder, rounds, signal, say }
    for (const clip of clips) await add(measureVerify(clip, context))
  })

  say()
  say(asTable(measurements))
  const commands = said.flatMap((line) => / (ffmpeg -.*)$/.exec(line)?.[1] ?? []).slice(0, 2)
  const run = { machine, seconds, rounds, measurements, commands: commands.map(withoutFolders) }
  await writeFile(path.join(folder, 'bench.json'), `${JSON.stringify(run, undefined, 2)}\n`)
  say(`\nAll figures: ${path.relative(process.cwd(), path.join(folder, 'bench.json'))}`)
  if (values['write-docs']) await writeFile(path.join(root, 'docs', 'benchmarks.md'), asMarkdown(run))
  return measurements.every(reached) ? 0 : 1
}

const withoutFolders = (command: string): string => command.replaceAll(`${folder}/`, '')

interface WarmWorker {
  readonly api: ApiClient
  readonly workerPid: number
  readonly workerLog: string
  readonly workerEnvironment: Readonly<Record<string, string>>
}

/** Runs `use` on a fresh stack with one worker, which has done a job already. */
async function onWarmWorker(
  environment: Readonly<Record<string, string>>,
  clip: string,
  signal: AbortSignal,
  own: (stack: Stack) => void,
  use: (warm: WarmWorker) => Promise<void>,
): Promise<void> {
  const dataFolder = path.join(folder, 'data')
  await rm(dataFolder, { recursive: true, force: true })
  const [frontend = 0, s3 = 0, sqs = 0] = await freePorts(3)
  const plan = {
    dataFolder,
    host: '127.0.0.1',
    ports: { frontend, s3, sqs },
    environment: {
      // There from the start and never drained; its log says when ffmpeg starts.
      REELMILL_MIN_WORKERS: '1',
      REELMILL_MAX_WORKERS: '1',
      REELMILL_LOG_LEVEL: 'debug',
      ...environment,
    },
  }
  const stack = await startStack(plan, signal)
  own(stack)
  const api = new ApiClient({ url: stack.url, key: stack.key, signal })
  await api.follow((await api.submit((await api.upload(clip)).id, ['web-480p'])).id)
  const fleet = path.join(machinesFolder(dataFolder), FLEET)
  const [id] = await readdir(path.join(fleet, 'pids'))
  if (id === undefined) throw new Error('the master has launched no worker')
  await use({
    api,
    // As the process driver wrote it down.
    workerPid: Number.parseInt(await readFile(path.join(fleet, 'pids', id), 'utf8'), 10),
    workerLog: path.join(fleet, 'logs', `${id}.log`),
    workerEnvironment: (await serviceEnvironments(plan)).master,
  })
  await stack.stop()
}

let stack: Stack | undefined
const signal = stopSignals(() => {
  stack?.kill()
  process.exit(1)
})
try {
  const work = bench(signal, (started) => {
    stack = started
  })
  process.exitCode = await work
} catch (error) {
  process.stderr.write(`\n${messageOf(error)}\n`)
  process.exitCode = error instanceof StoppedBySignal ? error.exitCode : 1
} finally {
  await stack?.stop()
}
