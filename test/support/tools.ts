import { spawnSync } from 'node:child_process'
import type { Context } from 'mocha'
import { skipOrFail } from './skip-or-fail.ts'
import { smallDisk } from './small-disk.ts'

/** Each tool of the system that a test may need, and a command that succeeds when it is there and works. */
const probes = {
  ffmpeg: ['ffmpeg', '-version'],
  ffprobe: ['ffprobe', '-version'],
  // A machine can have bwrap and yet forbid user namespaces (containers often do), so it is tried.
  bwrap: ['bwrap', '--ro-bind', '/', '/', '--unshare-all', '--die-with-parent', 'true'],
  prlimit: ['prlimit', '--version'],
  chrt: ['chrt', '-b', '0', 'true'],
  'small-disk': smallDisk('/tmp', 1_048_576).concat('true'),
  faketime: ['faketime', '-f', '+0', 'true'],
} as const

export type Tool = keyof typeof probes

/**
 * Called first in a test or hook (`before(function () { requireTool(this, 'ffmpeg') })`) that needs `tools`.
 * At home the test is skipped, with one loud line per tool; with CI=true it fails, since there nothing is skipped.
 */
export function requireTool(test: Context, ...tools: Tool[]): void {
  for (const tool of tools) {
    if (works(tool)) continue
    const need = `${tool} is missing or does not work here (tried: ${probes[tool].join(' ')})`
    skipOrFail(test, need, '`node scripts/setup.mjs --tests` says how to install it.')
  }
}

const results = new Map<Tool, boolean>()

function works(tool: Tool): boolean {
  const known = results.get(tool)
  if (known !== undefined) return known
  const [command, ...args] = probes[tool]
  const result = spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0
  results.set(tool, result)
  return result
}
