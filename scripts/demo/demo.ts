import { stat } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf } from '#shared/errors.ts'
import { findPreset } from '#shared/presets/catalogue.ts'
import { ApiClient } from '../stack/api-client.ts'
import { freePorts } from '../stack/free-ports.ts'
import { StoppedBySignal, stopSignals } from '../stack/stop-signals.ts'
import { type Stack, startStack } from '../stack.ts'
import { bareFfmpeg } from './bare-ffmpeg.ts'
import { chooseJail } from './choose-jail.ts'
import { chooseDemoFolder, emptyDemoFolder } from './demo-folder.ts'
import { type DemoOptions, demoOptions, usage } from './demo-options.ts'
import { type EncodedMovie, encodeMovie } from './encode-movie.ts'
import { makeClip } from './make-clip.ts'
import { checkOwnMovies } from './own-movies.ts'
import { pasteCommands } from './paste-commands.ts'
import { ProgressLines } from './progress-lines.ts'

const say = (text = '') => process.stdout.write(`${text}\n`)

/** Shows the whole service at work; resolves with the exit code, 0 only if everything was as promised. */
async function demo(options: DemoOptions, signal: AbortSignal, own: (stack: Stack) => void): Promise<number> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const folder = await chooseDemoFolder(options.outFolder ?? path.join(root, 'out'))
  for (const preset of options.presets) findPreset(preset)
  await checkOwnMovies(options.files, folder)
  await emptyDemoFolder(folder)
  const dataFolder = options.dataFolder ?? path.join(folder, 'data')
  const jail = await chooseJail(options.files.length === 0, say)
  const files = options.files.length > 0 ? options.files : [path.join(folder, 'clip.mp4')]
  if (options.files.length === 0) {
    const startedMs = performance.now()
    await makeClip(path.join(folder, 'clip.mp4'), undefined, signal)
    say(`Made a clip of 20 s with ffmpeg (${seconds(startedMs)}).`)
  }
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))

  const startingMs = performance.now()
  const [port = 0, s3Port = 0, sqsPort = 0] = await freePorts(3)
  const ports = { frontend: port, s3: s3Port, sqs: sqsPort }
  const stack = await startStack({ dataFolder, host: '127.0.0.1', ports, environment: jail }, signal)
  own(stack)
  say(`Started localcloud, frontend and master at ${stack.url} (${seconds(startingMs)}).`)
  say()

  const api = new ApiClient({ url: stack.url, key: stack.key, signal })
  const lines = new ProgressLines(process.stdout)
  const movies = await Promise.race([
    stack.failed,
    Promise.all(
      files.map((file, i) =>
        encodeMovie(file, options.presets, path.join(folder, path.parse(file).name), {
          api,
          lines,
          sizeBytes: sizes[i] ?? 0,
        }),
      ),
    ),
  ])
  say()
  const problems = movies.flatMap((movie) => showMovie(movie, stack.url))
  for (const [i, movie] of movies.entries()) await compare(files[i] ?? '', movie, folder, signal)
  showCommands(stack, movies, dataFolder, options.keep)
  if (problems.length > 0) say(`NOT AS PROMISED:\n${problems.map((line) => `  - ${line}`).join('\n')}`)
  else if (options.keep) {
    say(`\nThe service goes on at ${stack.url} until Ctrl-C.`)
    await Promise.race([stack.failed, untilAborted(signal)])
  }
  return problems.length > 0 ? 1 : 0
}

/** Prints each file of a movie, and returns what is wrong with them. */
function showMovie(movie: EncodedMovie, url: string): string[] {
  if (movie.files.length === 0) return [`job ${movie.job.id} made no file`]
  for (const file of movie.files) {
    const length = file.durationSec === undefined ? '' : `${file.durationSec.toFixed(2)} s`
    const size = `${(file.sizeBytes / 2 ** 20).toFixed(2)} MiB`
    say(
      `  ${file.output.padEnd(11)} ${file.what.padEnd(22)} ${length.padStart(8)} ${size.padStart(10)}  ${file.problems.length === 0 ? 'checked' : 'DAMAGED'}`,
    )
    say(`    ${path.relative(process.cwd(), file.path)}`)
    say(`    ${new URL(file.url, url)}`)
  }
  say()
  return movie.files.flatMap((file) => file.problems.map((problem) => `${file.path} ${problem}`))
}

async function compare(file: string, movie: EncodedMovie, folder: string, signal: AbortSignal) {
  const { receipt } = movie.job
  const steps = [
    ['waiting', receipt?.queueSec],
    ['fetching', receipt?.fetchSec],
    ['encoding', receipt?.encodeSec],
    ['verifying', receipt?.verifySec],
    ['storing', receipt?.uploadSec],
  ] as const
  const told = steps.flatMap(([name, sec]) => (sec === undefined ? [] : [`${name} ${sec.toFixed(1)}`]))
  say(`Reelmill took ${movie.jobSec.toFixed(1)} s from submit to succeeded (${told.join(', ')}).`)
  const bare = await bareFfmpeg(file, movie.job, path.join(folder, 'bare'), signal)
  say(
    `Bare ffmpeg, one command per output, took ${bare.wallSec.toFixed(1)} s: ${(movie.jobSec / bare.wallSec).toFixed(2)} times that, with start-up, checks and storage.`,
  )
  say()
}

function showCommands(
  stack: Stack,
  movies: readonly EncodedMovie[],
  dataFolder: string,
  keep: boolean,
): void {
  const [movie] = movies
  const [file] = movie?.files ?? []
  if (!movie || !file) return
  say(`The key of this data folder: ${stack.key}`)
  say()
  const { port } = new URL(stack.url)
  if (keep) say('To paste into another terminal:')
  else
    say(`To paste, after  REELMILL_DATA=${dataFolder} REELMILL_PORT=${port} npm start  in another terminal:`)
  const commands = pasteCommands({
    url: stack.url,
    keyFile: stack.keyFile,
    jobId: movie.job.id,
    output: file.output,
    file: path.basename(file.path),
  })
  for (const command of commands) say(`  ${command}`)
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
  const options = demoOptions(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd())
  if (options === 'help') say(usage)
  else {
    process.exitCode = await demo(options, signal, (started) => {
      stack = started
    })
  }
} catch (error) {
  if (error instanceof StoppedBySignal) process.exitCode = error.exitCode
  else {
    process.stderr.write(`\n${messageOf(error)}\n`)
    process.exitCode = 1
  }
} finally {
  await stack?.stop()
}
