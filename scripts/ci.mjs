// What .ci/run does: set-up, the static checks, the README's test command, and one line that adds it all up.
// A check or a suite that fails without a failing test to show for it counts as one failure.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { setUp } from './setup.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(path.join(tmpdir(), 'reelmill-ci-'))
const counts = path.join(folder, 'counts')
let passed = 0
let failed = 0

try {
  if (!setUp({ ci: true, tests: true })) fail('the set-up')
  else {
    for (const check of ['check:format', 'check:types', 'check:unused'])
      if (!npm('run', '--silent', check)) fail(`npm run ${check}`)
    const ended = npm('test', '--silent')
    const tests = readCounts()
    passed += tests.passed
    failed += tests.failed
    if (tests.skipped > 0) fail(`${tests.skipped} skipped tests: here every test must run, and`)
    else if (!ended && tests.failed === 0) fail('npm test, outside of its tests,')
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/** @param {string} what */
function fail(what) {
  failed += 1
  process.stderr.write(`FAILED: ${what} failed.\n`)
}

function npm(...args) {
  const run = spawnSync('npm', args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, REELMILL_TEST_COUNTS: counts },
  })
  return run.status === 0
}

/** The sum of what every mocha of `npm test` counted; nothing when none came far enough to write. */
function readCounts() {
  let text = ''
  try {
    text = readFileSync(counts, 'utf8')
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  const sum = { passed: 0, failed: 0, skipped: 0 }
  for (const line of text.split('\n').filter(Boolean)) {
    const suite = JSON.parse(line)
    for (const name of Object.keys(sum)) sum[name] += suite[name]
  }
  return sum
}
