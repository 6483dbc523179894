import { Chance } from './engine/chance.ts'
import { Tally } from './engine/tally.ts'
import { expectedNames } from './expected-names.ts'
import { type ProfileName, profiles, profileWeights } from './profiles.ts'
import { type Run, runSeed } from './run-seed.ts'

export interface Seeds {
  readonly from: number
  readonly count: number
  /** Each seed is so much more than the one before; 1 unless threads share the work. */
  readonly stride?: number
  /** One profile only, instead of the one that each seed falls on. */
  readonly profile?: ProfileName
}

export interface Outcome {
  readonly runs: number
  readonly steps: number
  readonly tally: Tally
  /** The first run that broke something, told as a story. */
  readonly failure: Run | undefined
}

/** Runs seed after seed until one breaks something; that one is run once more, to be told as a story. */
export async function runSeeds({ from, count, stride = 1, profile }: Seeds): Promise<Outcome> {
  const tally = new Tally(expectedNames)
  let steps = 0
  for (let runs = 1; runs <= count; runs++) {
    const seed = from + (runs - 1) * stride
    const played = profiles[profile ?? profileOf(seed)]
    const run = await runSeed(seed, played, tally)
    steps += run.steps
    if (run.violation === undefined) continue
    const failure = await runSeed(seed, played, new Tally(), true)
    if (failure.violation !== run.violation || failure.steps !== run.steps) {
      throw new Error(
        `Seed ${seed} does not replay: "${run.violation}" after ${run.steps} steps became "${failure.violation}" after ${failure.steps}.`,
      )
    }
    return { runs, steps, tally, failure }
  }
  return { runs: count, steps, tally, failure: undefined }
}

const profileOf = (seed: number): ProfileName =>
  new Chance(seed ^ 0x70f11e).weighted(profileWeights) ?? 'lease'
