// Brings a fresh clone to where everything runs. Plain JavaScript without dependencies, because it starts on
// whatever Node (>= 20) the machine has, before anything is installed. With nothing to do it is silent and
// takes a few hundredths of a second, so `npm test` and `npm run demo` begin with it each time.
//
//   node scripts/setup.mjs           install what is missing; a system tool that it may not install is named
//   node scripts/setup.mjs --tests   also what only tests need
//   node scripts/setup.mjs --check   change nothing, say what is missing, exit 1 if anything is
//   node scripts/setup.mjs --ci      as without, but a tool that stays missing is a failure, as with CI=true
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { repairNodeModules } from './setup/node-modules.mjs'
import { repairSystemTools, TEST_TOOLS, TOOLS } from './setup/system-tools.mjs'

const LEAST_NODE = 20

/**
 * @param {{ check?: boolean, ci?: boolean, tests?: boolean, need?: string[] }} [options] `need` names tools without
 *   which the caller cannot go on, such as 'ffmpeg'
 * @returns {boolean} whether the caller may go on
 */
export function setUp(options = {}) {
  if (process.platform === 'win32') {
    say('Reelmill runs on Linux and macOS. On Windows, run it inside WSL.')
    return false
  }
  if (Number.parseInt(process.versions.node, 10) < LEAST_NODE) {
    say(
      `This is Node ${process.versions.node}, and the set-up needs Node ${LEAST_NODE} or newer (https://nodejs.org). It fetches the Node that Reelmill itself runs on.`,
    )
    return false
  }
  if (!repairNodeModules({ change: !options.check, say })) return false
  const tools = options.tests ? [...TOOLS, ...TEST_TOOLS] : TOOLS
  const missing = repairSystemTools({ change: !options.check, say, tools })
  if (options.check || options.ci) return missing.length === 0
  return !(options.need || []).some((tool) => missing.includes(tool))
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`set-up: ${line}\n`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const flags = process.argv.slice(2)
  const unknown = flags.find((flag) => !['--check', '--ci', '--tests'].includes(flag))
  if (unknown !== undefined) {
    say(`there is no flag ${unknown}; there are --check, --ci and --tests.`)
    process.exitCode = 2
  } else {
    const ci = flags.includes('--ci') || process.env.CI === 'true'
    const [check, tests] = [flags.includes('--check'), flags.includes('--tests')]
    if (!setUp({ check, ci, tests })) process.exitCode = 1
  }
}
