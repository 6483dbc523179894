// What .ci/run does: set-up, the static checks, the README's test command, the suites that drive the service with
// clients that nobody here wrote, and one line that adds it all up. A check or a suite that fails without a failing
// test to show for it counts as one failure, and so does one that skips a test.
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
// Each in an npm script of its own; the clients' suites install their clients first.
const suites = ['test', 'test:localcloud-clients', 'test:soap-clients']
let passed = 0
let failed = 0

try {
  if (!setUp({ ci: true, tests: true })) fail('the set-up')
  else {
    for (const check of ['check:format', 'check:types', 'check:unused'])
      if (!npm('run', '--silent', check)) fail(`npm run ${check}`)
    for (const suite of suites) runSuite(suite)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/** @param {string} name of an npm script that runs mocha */
function runSuite(name) {
  rmSync(counts, { force: true })
  const startedMs = performance.now()
  const ended = npm('run', '--silent', name)
  const tests = readCounts()
  passed += tests.passed
  failed += tests.failed
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  process.stderr.write(`npm run ${name}: ${tests.passed} passed, ${tests.failed} failed, ${seconds} s\n`)
  if (tests.skipped > 0) fail(`${tests.skipped} skipped tests of ${name}: here every test must run, and`)
  else if (!ended && tests.failed === 0) fail(`npm run ${name}, outside of its tests,`)
  else if (ended && tests.passed === 0) fail(`npm run ${name} ran no test, and so`)
}

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

/** The sum of what every mocha of a suite counted; nothing when none came far enough to write. */
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
