import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf } from '#shared/errors.ts'
import { freePorts } from '../stack/free-ports.ts'
import { StoppedBySignal, stopSignals } from '../stack/stop-signals.ts'
import { type Stack, startStack } from '../stack.ts'
import { bareFfmpeg } from './bare-ffmpeg.ts'
import { chooseJail } from './choose-jail.ts'
import { chooseDemoFolder, emptyDemoFolder } from './demo-folder.ts'
import { type DemoOptions, demoOptions, usage } from './demo-options.ts'
import { describeCommands, describeMovie, describeTime, problemsOf } from './demo-report.ts'
import { encodeByBothDoors } from './encode-by-both-doors.ts'
import type { Movie } from './encode-movie.ts'
import { makeClip } from './make-clip.ts'
import { nameMovies } from './name-movies.ts'
import { checkOwnMovies } from './own-movies.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const say = (text = '') => process.stdout.write(`${text}\n`)

/** Shows the whole service at work; resolves with the exit code, 0 only if everything was as promised. */
async function demo(
  options: DemoOptions,
  cwd: string,
  signal: AbortSignal,
  own: (stack: Stack) => void,
): Promise<number> {
  const folder = await chooseDemoFolder(options.outFolder ?? path.join(root, 'out'))
  await checkOwnMovies(options.files, folder)
  await emptyDemoFolder(folder)
  const dataFolder = options.dataFolder ?? path.join(folder, 'data')
  const jail = await chooseJail(options.files.length === 0, say)
  const movies = await prepareMovies(folder, options.files, signal)

  const startingMs = performance.now()
  const [frontend = 0, s3 = 0, sqs = 0] = await freePorts(3)
  const environment = { ...jail, ...workersForTwo() }
  const ports = { frontend, s3, sqs }
  const stack = await startStack({ dataFolder, host: '127.0.0.1', ports, environment }, signal)
  own(stack)
  say(`Started localcloud, frontend and master at ${stack.url} (${seconds(startingMs)}).`)
  say(`${movies.length > 1 ? 'Each movie' : 'The movie'} goes in twice, side by side: by REST, and by SOAP.`)
  say()

  const soapUrl = `${stack.url}/soap`
  const wsdlUrl = `${soapUrl}?wsdl`
  const { encoded, allSec } = await encodeByBothDoors(movies, options.presets, { stack, wsdlUrl, signal })
  say()
  for (const { rest, soap } of encoded) {
    say(describeMovie(rest, stack.url, cwd))
    say(describeMovie(soap, stack.url, cwd))
    say()
  }
  const problems = encoded.flatMap(({ rest, soap }) => [...problemsOf(rest), ...problemsOf(soap)])
  const bareSec = await bareFfmpeg(encoded, path.join(folder, 'bare'), signal)
  say(describeTime(encoded, allSec, bareSec))
  say()
  say(describeCommands(stack, encoded, { soapUrl, wsdlUrl, dataFolder, keep: options.keep }))
  if (problems.length > 0) say(`NOT AS PROMISED:\n${problems.map((line) => `  - ${line}`).join('\n')}`)
  else if (options.keep) {
    say(`\nThe service goes on at ${stack.url} until Ctrl-C.`)
    await Promise.race([stack.failed, untilAborted(signal)])
  }
  return problems.length > 0 ? 1 : 0
}

/** The user's movies, or else a clip that is made for the demo. */
async function prepareMovies(folder: string, own: readonly string[], signal: AbortSignal): Promise<Movie[]> {
  const files = own.length > 0 ? own : [path.join(folder, 'clip.mp4')]
  if (own.length === 0) {
    const startedMs = performance.now()
    say('Making a clip of 20 s with ffmpeg ...')
    await makeClip(path.join(folder, 'clip.mp4'), undefined, signal)
    say(`Made it (${seconds(startedMs)}).`)
  }
  return Promise.all(
    nameMovies(files).map(async (named) => ({ ...named, folder, sizeBytes: (await stat(named.file)).size })),
  )
}

/** Two workers are there from the start, so that neither of the two jobs waits for the other. */
function workersForTwo(): Record<string, string> {
  const { REELMILL_MIN_WORKERS, REELMILL_MAX_WORKERS } = process.env
  if (REELMILL_MIN_WORKERS !== undefined || REELMILL_MAX_WORKERS !== undefined) return {}
  const usual = Math.floor(availableParallelism() / 2)
  return { REELMILL_MIN_WORKERS: '2', REELMILL_MAX_WORKERS: String(Math.max(2, usual)) }
}

const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

let stack: Stack | undefined
const signal = stopSignals(() => {
  stack?.kill()
  process.exit(1)
})
try {
  // Under npm, where the user typed it.
  const cwd = process.env.INIT_CWD ?? process.cwd()
  const options = demoOptions(process.argv.slice(2), cwd, process.env)
  if (options === 'help') say(usage)
  else {
    process.exitCode = await demo(options, cwd, signal, (started) => {
      stack = started
    })
  }
} catch (error) {
  // What a Ctrl-C ends fails in many ways, each of them with the signal as the reason.
  const { reason } = signal
  if (reason instanceof StoppedBySignal) process.exitCode = reason.exitCode
  else {
    process.stderr.write(`\n${messageOf(error)}\n`)
    process.exitCode = 1
  }
} finally {
  await stack?.stop()
}
