import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf } from '#shared/errors.ts'
import { StoppedBySignal, stopSignals } from '../stack/stop-signals.ts'
import type { Stack } from '../stack.ts'
import type { BenchGroup } from './bench-group.ts'
import { benchGroups } from './bench-groups.ts'
import { type BenchOptions, benchOptions, benchUsage, UsageError } from './bench-options.ts'
import { startBenchStack } from './bench-stack.ts'
import { type KeptRun, keepRun, keptRuns } from './kept-runs.ts'
import { machineInWords } from './machine-in-words.ts'
import { reached } from './measurement.ts'
import { asMarkdown, asTable } from './report.ts'

// npm run bench: measures Reelmill on this machine; bench-options.ts holds the usage. Exits with 1 when a goal was not
// reached or a group failed, and with 2 for a command line that makes no sense.

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = path.join(root, 'out', 'bench')
const say = (line = '') => void process.stdout.write(`${line}\n`)

const stacks = new Set<Stack>()
const signal = stopSignals(() => {
  for (const stack of stacks) stack.kill()
  process.exit(1)
})
try {
  const options = benchOptions(process.argv.slice(2), benchGroups)
  if (options.help) say(benchUsage(benchGroups))
  else process.exitCode = await bench(options)
} catch (error) {
  process.stderr.write(`\n${messageOf(error)}\n`)
  if (error instanceof UsageError) process.stderr.write('npm run bench -- --help tells what there is.\n')
  process.exitCode = error instanceof StoppedBySignal ? error.exitCode : error instanceof UsageError ? 2 : 1
}

async function bench(options: BenchOptions): Promise<number> {
  const machine = await machineInWords()
  say(machine)
  await mkdir(folder, { recursive: true })
  const runs: KeptRun[] = []
  const failed: string[] = []
  for (const group of options.groups) {
    say(`\n${group.name}: ${group.about}`)
    try {
      runs.push(await measured(group, machine, options))
    } catch (error) {
      signal.throwIfAborted()
      // The others' figures are as good as before.
      failed.push(group.name)
      process.stderr.write(`${group.name} failed: ${messageOf(error)}\n`)
    }
  }
  const measurements = runs.flatMap((run) => run.measurements)
  if (measurements.length > 0) say(`\n${asTable(measurements)}`)
  say(`\nKept in ${path.relative(process.cwd(), folder)}, a file for each group.`)
  if (failed.length > 0) say(`Not measured, for the reasons above: ${failed.join(', ')}.`)
  if (options.writeDocs) {
    const kept = await keptRuns(folder, machine, benchGroups)
    const document = path.join(root, 'docs', 'benchmarks.md')
    await writeFile(document, asMarkdown(machine, kept, benchGroups, await readFile(document, 'utf8')))
  }
  return failed.length === 0 && measurements.every(reached) ? 0 : 1
}

/** Runs one group and keeps what it found. */
async function measured(group: BenchGroup, machine: string, options: BenchOptions): Promise<KeptRun> {
  const { seconds, rounds, minutes } = options
  const dataFolder = path.join(folder, `data-${group.name}`)
  const result = await group.run({
    folder,
    seconds,
    rounds,
    minutes,
    signal,
    say,
    startStack: (environment = {}, detour) =>
      startBenchStack(dataFolder, environment, signal, (stack) => stacks.add(stack), detour),
  })
  const date = new Date().toISOString()
  const run = { group: group.name, machine, date, seconds, rounds, minutes, ...result }
  await keepRun(folder, run)
  return run
}
