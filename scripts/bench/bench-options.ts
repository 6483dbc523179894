import { parseArgs } from 'node:util'
import type { BenchGroup } from './bench-group.ts'

export interface BenchOptions {
  readonly groups: readonly BenchGroup[]
  readonly seconds: number
  readonly rounds: number
  readonly minutes: number
  readonly writeDocs: boolean
  /** Only the usage is wanted. */
  readonly help: boolean
}

/** What the words of a command line ask for. Throws a {@link UsageError} for what makes no sense. Pure. */
export function benchOptions(args: readonly string[], groups: readonly BenchGroup[]): BenchOptions {
  const values = parsed(args)
  const number = (name: 'seconds' | 'rounds' | 'minutes') => {
    const value = Number(values[name])
    const whole = name !== 'minutes'
    if (Number.isFinite(value) && value > 0 && (!whole || Number.isInteger(value))) return value
    throw new UsageError(
      `--${name} must be a ${whole ? 'whole number' : 'number'} above 0, and is ${values[name]}.`,
    )
  }
  return {
    groups:
      values.only === undefined ? groups.filter((group) => !group.onRequest) : named(values.only, groups),
    seconds: number('seconds'),
    rounds: number('rounds'),
    minutes: number('minutes'),
    writeDocs: values['write-docs'],
    help: values.help,
  }
}

/** Its message is for whoever typed the command. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export function benchUsage(groups: readonly BenchGroup[]): string {
  const width = Math.max(...groups.map(({ name }) => name.length))
  const lines = groups.map(
    ({ name, about, onRequest }) =>
      `  ${name.padEnd(width)}  ${about}${onRequest ? ' Runs only when it is named.' : ''}`,
  )
  return `npm run bench -- [--only GROUP,GROUP...] [--seconds 60] [--rounds 5] [--minutes 30] [--write-docs]

Measures Reelmill on this machine, and exits with 1 when a goal was not reached. Each group's figures are kept in
out/bench/GROUP.json.

  --only        these groups alone; all of the list below unless told
  --seconds N   length of the clips that are encoded
  --rounds N    how often what is compared is repeated
  --minutes N   length of the soak
  --write-docs  writes the figures that are kept of this machine, of earlier runs too, into docs/benchmarks.md; the
                sections of other groups stay
  --help        this text

Groups:
${lines.join('\n')}
`
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        seconds: { type: 'string', default: '60' },
        rounds: { type: 'string', default: '5' },
        minutes: { type: 'string', default: '30' },
        'write-docs': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    // Node's own words, without what it says of positional arguments after its first sentence.
    throw new UsageError(`${error instanceof Error ? error.message.split('. ')[0] : error}.`, {
      cause: error,
    })
  }
}

function named(list: string, groups: readonly BenchGroup[]): BenchGroup[] {
  const wanted = list.split(',').map((name) => name.trim())
  const unknown = wanted.find((name) => !groups.some((group) => group.name === name))
  if (unknown !== undefined) {
    const known = groups.map(({ name }) => name).join(', ')
    throw new UsageError(
      `--only knows no group ${unknown === '' ? 'without a name' : unknown}. There are ${known}.`,
    )
  }
  return groups.filter(({ name }) => wanted.includes(name))
}
