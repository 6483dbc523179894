import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { messageOf, ReelmillError } from '#shared/errors.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads a service's configuration: every variable of `schema` from `environment`, or from the file that
 * `NAME_FILE` names (Docker's and Kubernetes' way with secrets). An empty value counts as not set.
 *
 * Throws one `configuration-invalid` that lists all problems, so that nobody mends them one start at a time.
 */
export function readConfig<S extends z.ZodObject>(schema: S, environment: Environment): z.output<S> {
  const values: Record<string, string> = {}
  const problems: string[] = []
  for (const name of Object.keys(schema.shape)) {
    const value = environment[name]
    const file = environment[`${name}_FILE`]
    if (value && file) problems.push(`${name}: set it or ${name}_FILE, not both`)
    else if (value) values[name] = value
    else if (file) {
      try {
        values[name] = readFileSync(file, 'utf8').trim()
      } catch (error) {
        problems.push(`${name}_FILE: ${messageOf(error)}`)
      }
    }
  }
  const parsed = schema.safeParse(values)
  if (parsed.success && problems.length === 0) return parsed.data
  for (const issue of parsed.error?.issues ?? []) problems.push(`${issue.path.join('.')}: ${issue.message}`)
  throw new ReelmillError(
    'configuration-invalid',
    `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((p) => `  - ${p}`).join('\n')}\nThe README's table lists every variable with its default.`,
    { facts: { problems } },
  )
}

// The kinds of value that variables have. Each carries its text form, so the README's table can be compared.

/** A whole number written in decimal. */
export const integer = (least: number, most: number = Number.MAX_SAFE_INTEGER) =>
  z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().min(least).max(most))

/** A number of seconds, decimals allowed; handed on in milliseconds. */
export const seconds = (leastSec: number) =>
  z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'must be a number of seconds')
    .transform((text) => Math.round(Number(text) * 1000))
    .pipe(z.number().min(leastSec * 1000, `must be at least ${leastSec} seconds`))

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

/** A size in bytes: `1048576`, `512MiB`, `20GiB`. */
export const bytes = () =>
  z
    .string()
    .regex(/^\d+ ?(KiB|MiB|GiB|TiB)?$/, 'must be a size such as 1048576, 512MiB or 20GiB')
    .transform((text) => Number.parseInt(text, 10) * (BYTE_UNITS[text.replace(/^\d+ ?/, '')] ?? 1))

/** A share of all: from 0 for none to 1 for every one. */
export const share = () =>
  z
    .string()
    .regex(/^(0|1|0?\.\d+|1\.0+)$/, 'must be a number from 0 to 1')
    .transform(Number)

/** `true` or `false`. */
export const flag = () => z.enum(['true', 'false']).transform((text) => text === 'true')

/** Several values separated by commas; none is an empty list. */
export const list = () =>
  z.string().transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )
