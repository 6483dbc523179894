import assert from 'node:assert/strict'
import { runSlices } from './run-slices.ts'

const SEEDS = 2_000
const THREADS = 2

describe('the simulation of the whole service', () => {
  it(`breaks no invariant in ${SEEDS} storms of faults, and meets every fault and every transition`, async function () {
    this.timeout(300_000) // far more than it takes; what is asserted is the count
    const { runs, failure, tally } = await runSlices({ from: 1, count: SEEDS }, THREADS)
    if (failure) {
      const { seed, profile, violation, story } = failure
      assert.fail(`Seed ${seed} (${profile}): ${violation}\n${story.join('\n')}\n${violation}`)
    }
    assert.equal(runs, SEEDS)
    assert.deepEqual(tally.never, [], 'what never happened proves nothing')
  })
})
