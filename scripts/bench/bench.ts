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
import { type MeasureContext, measureOneDecode, measureWall } from './measure-wall.ts'
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
  const small = path.join(folder, 'small.mp4')
  await makeClip(small, { ...demoClip, width: 320, height: 180, durationSec: 2 }, signal)

  const dataFolder = path.join(folder, 'data')
  await rm(dataFolder, { recursive: true, force: true })
  const [frontend = 0, s3 = 0, sqs = 0] = await freePorts(3)
  const plan = {
    dataFolder,
    host: '127.0.0.1',
    ports: { frontend, s3, sqs },
    // One worker, there from the start and never drained; its log says when ffmpeg starts.
    environment: { REELMILL_MIN_WORKERS: '1', REELMILL_MAX_WORKERS: '1', REELMILL_LOG_LEVEL: 'debug' },
  }
  const stack = await startStack(plan, signal)
  own(stack)
  const api = new ApiClient({ url: stack.url, key: stack.key, signal })
  await api.follow((await api.submit((await api.upload(small)).id, ['web-480p'])).id)
  const worker = await onlyWorker(dataFolder)
  const context: MeasureContext = { api, workerPid: worker.pid, folder, rounds, signal, say }

  const measurements: Measurement[] = []
  for (const clip of clips) measurements.push(...(await measureWall(clip, context)))
  for (const clip of clips.slice(0, 1)) measurements.push(...(await measureOneDecode(clip, context)))
  measurements.push(...(await measureSubmitToEncode(small, worker.log, context)))
  const { master } = await serviceEnvironments(plan)
  measurements.push(...(await measureWorkerStart(master, context)))
  measurements.push(...(await measureJail(context)))

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

/** The pid and the log of the fleet's worker, as the process driver wrote them down. */
async function onlyWorker(dataFolder: string): Promise<{ readonly pid: number; readonly log: string }> {
  const fleet = path.join(machinesFolder(dataFolder), FLEET)
  const [id] = await readdir(path.join(fleet, 'pids'))
  if (id === undefined) throw new Error('the master has launched no worker')
  const pid = Number.parseInt(await readFile(path.join(fleet, 'pids', id), 'utf8'), 10)
  return { pid, log: path.join(fleet, 'logs', `${id}.log`) }
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
