import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { simulateOptions, usage } from '../../../scripts/simulate-options.ts'

describe('the command line of npm run simulate', () => {
  it('asks for storms, or for one, or for help', () => {
    const usual = { from: 1, count: 2000, profile: undefined, threads: availableParallelism() }
    assert.deepEqual(simulateOptions([]), usual)
    assert.deepEqual(simulateOptions(['--seeds', '5', '--from', '7', '--threads', '3']), {
      ...usual,
      from: 7,
      count: 5,
      threads: 3,
    })
    assert.deepEqual(simulateOptions(['--seed', '42']), { ...usual, from: 42, count: 1 })
    assert.equal(simulateOptions(['--help']), 'help')
    assert.equal(simulateOptions(['-h']), 'help')
  })

  it('is refused with a sentence and the usage', () => {
    for (const [args, sentence] of [
      [['--seed'], /argument missing/],
      [['--sead', '1'], /Unknown option '--sead'/],
      [['7'], /Unexpected argument '7'/],
      [['--seeds', '0'], /^--seeds is a whole number from 1 on, and not 0\./],
      [['--threads', '0'], /^--threads is a whole number from 1 on, and not 0\./],
      [['--seed', '1.5'], /^--seed is a whole number from 0 on, and not 1\.5\./],
      [['--seeds', ''], /^--seeds is a whole number from 1 on, and not nothing\./],
      [['--profile', 'toString'], /^--profile is one of .*, and not toString\./],
      [['--seed', '1', '--seeds', '2'], /^--seed is one storm alone/],
    ] as const) {
      assert.throws(
        () => simulateOptions(args),
        (error: Error) => sentence.test(error.message) && error.message.endsWith(usage),
        args.join(' '),
      )
    }
  })
})
