import { messageOf } from '#shared/errors.ts'
import { runSlices } from '../test/simulation/run-slices.ts'
import { type SimulateOptions, simulateOptions, usage } from './simulate-options.ts'

// `npm run simulate`: storms of faults over the whole service. simulate-options.ts says how it is called.

const ENOUGH = 2_000
// A slice of a night: what was found so far shows now and then, and a failure ends it soon.
const BATCH = 10_000

const say = (text: string) => process.stdout.write(`${text}\n`)

try {
  const options = simulateOptions(process.argv.slice(2))
  if (options === 'help') say(usage)
  else await simulate(options)
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 2
}

async function simulate({ from, count, profile, threads }: SimulateOptions): Promise<void> {
  const totals = new Map<string, number>()
  let runs = 0
  const startedMs = performance.now()
  while (runs < count && process.exitCode === undefined) {
    const batch = Math.min(BATCH, count - runs)
    const slice = { from: from + runs, count: batch, ...(profile && { profile }) }
    const outcome = await runSlices(slice, Math.min(threads, batch))
    runs += outcome.runs
    for (const [name, times] of outcome.tally.entries) totals.set(name, (totals.get(name) ?? 0) + times)
    const seconds = (performance.now() - startedMs) / 1000
    say(`${runs} storms in ${seconds.toFixed(1)} s (${((seconds * 1000) / runs).toFixed(1)} ms each)`)
    if (!outcome.failure) continue
    const { seed, violation, story, profile: kind } = outcome.failure
    say(`\nSeed ${seed}, a storm of the kind "${kind}":\n\n${story.join('\n')}\n\n${violation}`)
    say(`\nAgain: npm run simulate -- --seed ${seed}${profile ? ` --profile ${profile}` : ''}`)
    process.exitCode = 1
  }
  report(totals, count >= ENOUGH && profile === undefined)
}

/** `mustMeetAll`: with so many storms, a fault or transition that never occurred is a failure. */
function report(totals: ReadonlyMap<string, number>, mustMeetAll: boolean): void {
  const rows = [...totals].toSorted(([a], [b]) => (a < b ? -1 : 1))
  say(`\nHow often each fault and each transition occurred:\n`)
  for (const [name, times] of rows) say(`${String(times).padStart(10)}  ${name}`)
  const never = rows.filter(([, times]) => times === 0).map(([name]) => name)
  if (never.length === 0) {
    say('\nEvery fault and every transition occurred.')
    return
  }
  say(`\nNever: ${never.join(', ')}`)
  if (mustMeetAll) process.exitCode = 1
}
