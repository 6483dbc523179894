import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { messageOf } from '#shared/errors.ts'
import { type ProfileName, profiles } from '../test/simulation/profiles.ts'

export interface SimulateOptions {
  /** The first seed, and how many from there on. */
  readonly from: number
  readonly count: number
  readonly profile: ProfileName | undefined
  readonly threads: number
}

export const usage = `npm run simulate -- [options]

  the whole service in one process, on a virtual clock, in storms of faults that a seed makes

  --seeds N     how many storms; 2,000 unless told
  --from N      the first seed; 1 unless told
  --seed N      this one alone
  --profile P   all storms of one kind: ${Object.keys(profiles).join(', ')}
  --threads N   as many as there are cores unless told

A seed that breaks an invariant is told as a story, and the exit code is 1. It is also 1 when 2,000 seeds or more did
not meet every fault and every transition.`

/** Reads the command line. Throws a sentence with the usage. */
export function simulateOptions(args: readonly string[]): SimulateOptions | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
  if (values.seed !== undefined && (values.seeds !== undefined || values.from !== undefined)) {
    throw refusal('--seed is one storm alone; --seeds and --from are for several')
  }
  const { profile } = values
  if (profile !== undefined && !isProfile(profile)) {
    throw refusal(`--profile is one of ${Object.keys(profiles).join(', ')}, and not ${profile}`)
  }
  return {
    from:
      values.seed === undefined
        ? wholeNumber('from', values.from ?? '1', 0)
        : wholeNumber('seed', values.seed, 0),
    count: values.seed === undefined ? wholeNumber('seeds', values.seeds ?? '2000', 1) : 1,
    profile,
    threads:
      values.threads === undefined ? availableParallelism() : wholeNumber('threads', values.threads, 1),
  }
}

function parse(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const
    const options = { seeds: text, from: text, seed: text, profile: text, threads: text }
    return parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean', short: 'h' } } })
      .values
  } catch (error) {
    throw refusal(messageOf(error).replace(/\.$/, ''), error)
  }
}

const isProfile = (name: string): name is ProfileName => Object.hasOwn(profiles, name)

function wholeNumber(name: string, text: string, least: number): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (number >= least) return number
  throw refusal(`--${name} is a whole number from ${least} on, and not ${text || 'nothing'}`)
}

const refusal = (message: string, cause?: unknown) => new Error(`${message}.\n\n${usage}`, { cause })
