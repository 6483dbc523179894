// Runs one of the TypeScript programs of this folder: sets up what is missing, then goes on with the Node that
// set-up brought. Plain JavaScript, because on a fresh clone it starts on an older Node.
//
//   node scripts/launch.mjs scripts/demo/demo.ts [arguments]
import { spawn } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { setUp } from './setup.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const [program, ...args] = process.argv.slice(2)
if (program === undefined) {
  process.stderr.write('usage: node scripts/launch.mjs <program.ts> [arguments]\n')
  process.exit(2)
}
const script = path.resolve(root, program)

// The others can say something useful without it; the doctor says just that.
const need = /\/(demo|start|bench)\.ts$/.test(script) ? ['ffmpeg', 'ffprobe'] : []
if (!setUp({ ci: process.env.CI === 'true', need })) {
  process.exitCode = 1
} else if (Number.parseInt(process.versions.node, 10) >= 26) {
  process.argv.splice(1, 2, script)
  await import(pathToFileURL(script).href)
} else {
  hand(spawn(path.join(root, 'node_modules', '.bin', 'node'), [script, ...args], { stdio: 'inherit' }))
}

/**
 * Stands between the caller and `child` as if it were not there: signals go on to it, and how it ends is how this
 * ends. From a terminal a Ctrl-C reaches the child by itself as well; the programs take the two for one.
 *
 * @param {import('node:child_process').ChildProcess} child
 */
function hand(child) {
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  // It must not outlive an end of this process for which there was no signal to hand on.
  process.on('exit', () => child.kill('SIGKILL'))
  child.on('error', (error) => {
    process.stderr.write(
      `The program could not be started: ${error.message}. \`npm run setup\` repairs it.\n`,
    )
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1
      return
    }
    // Whoever waits for this process learns by which signal the child died.
    for (const name of signals) process.removeAllListeners(name)
    process.kill(process.pid, signal)
  })
}
