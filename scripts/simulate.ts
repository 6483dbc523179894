import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { type ProfileName, profiles } from '../test/simulation/profiles.ts'
import { runSlices } from '../test/simulation/run-slices.ts'

/**
 * `npm run simulate`: the whole service in one process, on a virtual clock, in storms of faults that a seed makes.
 *
 *   --seeds N     how many storms; 2,000 unless told
 *   --from N      the first seed; 1 unless told
 *   --seed N      this one alone
 *   --profile P   all storms of one kind
 *   --threads N   as many as there are cores unless told
 *
 * A seed that breaks an invariant is told as a story, and the exit code is 1. It is also 1 when 2,000 seeds or more
 * did not meet every fault and every transition.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    profile: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
})

const ENOUGH = 2_000
// A slice of a night: what was found so far shows now and then, and a failure ends it soon.
const BATCH = 10_000

const say = (text: string) => process.stdout.write(`${text}\n`)

const count = values.seed === undefined ? wholeNumber('seeds') : 1
const from = wholeNumber(values.seed === undefined ? 'from' : 'seed')
const profile = profileName()
const totals = new Map<string, number>()
let runs = 0
const startedMs = performance.now()

while (runs < count && process.exitCode === undefined) {
  const batch = Math.min(BATCH, count - runs)
  const threads = Math.min(wholeNumber('threads'), batch)
  const outcome = await runSlices({ from: from + runs, count: batch, ...(profile && { profile }) }, threads)
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
report()

function report(): void {
  const rows = [...totals].toSorted(([a], [b]) => (a < b ? -1 : 1))
  say(`\nHow often each fault and each transition occurred:\n`)
  for (const [name, times] of rows) say(`${String(times).padStart(10)}  ${name}`)
  const never = rows.filter(([, times]) => times === 0).map(([name]) => name)
  if (never.length === 0) {
    say('\nEvery fault and every transition occurred.')
    return
  }
  say(`\nNever: ${never.join(', ')}`)
  if (count >= ENOUGH && profile === undefined) process.exitCode = 1
}

function wholeNumber(name: 'seeds' | 'from' | 'seed' | 'threads'): number {
  const number = Number(values[name])
  if (Number.isInteger(number) && number >= 0) return number
  say(`--${name} must be a whole number, and is ${values[name]}.`)
  process.exit(2)
}

function profileName(): ProfileName | undefined {
  const name = values.profile
  if (name === undefined || name in profiles) return name as ProfileName | undefined
  say(`--profile must be one of ${Object.keys(profiles).join(', ')}.`)
  process.exit(2)
}
