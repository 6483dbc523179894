import assert from 'node:assert/strict'
import type { BenchGroup } from '../../../scripts/bench/bench-group.ts'
import { benchOptions, benchUsage, UsageError } from '../../../scripts/bench/bench-options.ts'

const group = (name: string, more: Partial<BenchGroup> = {}): BenchGroup => ({
  name,
  title: name,
  about: `What ${name} costs.`,
  takes: [],
  run: async () => ({ measurements: [] }),
  ...more,
})
const groups = [group('encode'), group('puts'), group('soak', { onRequest: true })]
const namesOf = (args: readonly string[]) => benchOptions(args, groups).groups.map(({ name }) => name)

describe('the options of the bench', () => {
  it('run every group but those that must be named', () => {
    assert.deepEqual(namesOf([]), ['encode', 'puts'])
  })

  it('run the named groups alone, in the order of the list', () => {
    assert.deepEqual(namesOf(['--only', 'soak,encode']), ['encode', 'soak'])
  })

  it('take clips, rounds and minutes as numbers', () => {
    const { seconds, rounds, minutes } = benchOptions(
      ['--seconds', '6', '--rounds', '2', '--minutes', '0.5'],
      groups,
    )
    assert.deepEqual({ seconds, rounds, minutes }, { seconds: 6, rounds: 2, minutes: 0.5 })
  })

  for (const [args, said] of [
    [['--only', 'encod'], '--only knows no group encod. There are encode, puts, soak.'],
    [['--only', ''], '--only knows no group without a name. There are encode, puts, soak.'],
    [['--rounds', 'five'], '--rounds must be a whole number above 0, and is five.'],
    [['--seconds', '1.5'], '--seconds must be a whole number above 0, and is 1.5.'],
    [['--minutes', '0'], '--minutes must be a number above 0, and is 0.'],
    [['--round', '5'], "Unknown option '--round'."],
    [['encode'], "Unexpected argument 'encode'."],
  ] as const) {
    it(`answer ${args.join(' ')} with a sentence`, () => {
      assert.throws(
        () => benchOptions(args, groups),
        (error) => error instanceof UsageError && error.message === said,
      )
    })
  }

  it('have a usage that names every group, and those that only run when named', () => {
    const usage = benchUsage(groups)
    for (const { name } of groups) assert.match(usage, new RegExp(`^  ${name} +What ${name} costs\\.`, 'm'))
    assert.match(usage, /What soak costs\. Runs only when it is named\.$/m)
  })
})
