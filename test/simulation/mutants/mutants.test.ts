import assert from 'node:assert/strict'
import type { Outcome } from '../run-seeds.ts'
import { runSlices } from '../run-slices.ts'
import { type Mutant, mutants } from './mutants.ts'

const SEEDS = 600
const SEEDS_OF_PRODUCTION = 30
const LANES = 2

/** The rule of docs/protocol.md that closes each hole. */
const holes: Readonly<Record<NonNullable<Mutant['hole']>, string>> = {
  H1: 'what became of a settle is judged by its effect, and an ETag that did not move means undecided',
  H2: 'a refused swap means read again, and a job is settled before its worker is free',
  H3: 'a lease counts only while its worker lists it, and its id is random',
  H4: 'an open job has one hint, put before its record and never deleted for want of one',
  H5: 'what is deleted leaves a tombstone',
  H6: 'an intent goes only after its place is occupied, and nothing is concluded from an absence',
  H7: 'a token is consumed before its intent is dropped',
}

describe('the holes of the first draft', () => {
  const run = pool(LANES)

  for (const [hole, rule] of Object.entries(holes)) {
    const ofHole = mutants.filter((mutant) => mutant.hole === hole)

    describe(`${hole}: ${rule}`, () => {
      for (const profile of new Set(ofHole.map((mutant) => mutant.profile))) {
        const outcome = run(() => runSlices({ from: 1, count: SEEDS_OF_PRODUCTION, profile }, 1))
        it(`is kept in storms of the kind "${profile}"`, async function () {
          this.timeout(600_000)
          const { failure } = await outcome
          if (failure) assert.fail(`Seed ${failure.seed}: ${failure.violation}\n${failure.story.join('\n')}`)
        })
      }
      for (const mutant of ofHole) itKills(mutant)
    })
  }

  describe('the other rules of the protocol', () => {
    for (const mutant of mutants.filter(({ hole }) => hole === undefined)) itKills(mutant)
  })

  function itKills({ name, profile, patches, breaks }: Mutant): void {
    const outcome = run(() => runSlices({ from: 1, count: SEEDS, profile }, 1, patches))
    it(`is seen to be broken by ${name}`, async function () {
      this.timeout(600_000)
      const { failure, runs } = await outcome
      assert.ok(failure, `${runs} storms broke nothing`)
      assert.match(failure.violation ?? '', breaks)
    })
  }
})

/** Runs so many at once, in the order in which they are asked for; they begin when mocha begins with the tests. */
function pool(lanes: number): (act: () => Promise<Outcome>) => Promise<Outcome> {
  const waiting: (() => Promise<void>)[] = []
  before(() => {
    for (let lane = 0; lane < lanes; lane++) void work()
  })
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await next()
  }
  return (act) => {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
    promise.catch(() => undefined) // the test that waits for it hears of it
    waiting.push(() => act().then(resolve, reject))
    return promise
  }
}
