import path from 'node:path'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { messageOf } from '#shared/errors.ts'
import { findPreset, listPresets } from '#shared/presets/catalogue.ts'

export interface DemoOptions {
  /** The user's own movies; none means a clip is made. */
  readonly files: readonly string[]
  readonly presets: readonly string[]
  /** Keep the service running when the demo is through. */
  readonly keep: boolean
  /** Where the movies go, in a folder that each run empties; absent means `out` in the project. */
  readonly outFolder: string | undefined
  /** Where the service keeps its data; absent means fresh, beside the movies. */
  readonly dataFolder: string | undefined
}

const presetNames = [...new Set(listPresets().map(({ name }) => name))].join(', ')

export const usage = `npm run demo -- [--file movie.mov ...] [--preset web-720p ...] [--out folder] [--data folder] [--keep]

  --file    encode this movie instead of a made one; may be repeated, two jobs each: by REST and by SOAP
  --preset  an output to make of it; may be repeated. There are: ${presetNames}
  --out     put the movies into the folder demo/ in this one; out/ when left out. Each demo empties demo/ first
  --data    keep the service's data in this folder instead of a fresh one
  --keep    leave the service running at the end, until Ctrl-C
`

const DEFAULT_PRESETS = ['web-720p', 'web-480p', 'audio-m4a', 'poster-jpg']

/**
 * Reads the command line. Relative paths count from `cwd`, where the user typed. `environment` tells what npm has kept
 * for itself. Throws a sentence.
 */
export function demoOptions(
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): DemoOptions | 'help' {
  const kept = Object.keys(options).find((name) => environment[`npm_config_${name}`] !== undefined)
  if (kept !== undefined)
    throw new Error(`npm took --${kept} for an option of its own. Put -- before it:\n\n${usage}`)
  const values = parse(args)
  if (values.help) return 'help'
  const names = values.preset.map((preset) => findPreset(preset).name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new Error(`The preset ${twice} is asked for twice. Once is enough.`)
  return {
    files: values.file.map((file) => path.resolve(cwd, file)),
    presets: values.preset,
    keep: values.keep,
    outFolder: values.out === undefined ? undefined : path.resolve(cwd, values.out),
    dataFolder: values.data === undefined ? undefined : path.resolve(cwd, values.data),
  }
}

const options = {
  file: { type: 'string', multiple: true, default: [] },
  preset: { type: 'string', multiple: true, default: DEFAULT_PRESETS },
  out: { type: 'string' },
  data: { type: 'string' },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies ParseArgsConfig['options']

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new Error(`${messageOf(error)}\n\n${usage}`, { cause: error })
  }
}
