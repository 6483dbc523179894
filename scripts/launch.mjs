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
if (program === undefined) throw new Error('usage: node scripts/launch.mjs <program.ts> [arguments]')
const script = path.resolve(root, program)

// The others can say something useful without it; the doctor says just that.
const need = /\/(demo|start|bench)\.ts$/.test(script) ? ['ffmpeg', 'ffprobe'] : []
if (!setUp({ ci: process.env.CI === 'true', need })) {
  process.exitCode = 1
} else if (Number.parseInt(process.versions.node, 10) >= 26) {
  process.argv.splice(1, 2, script)
  await import(pathToFileURL(script).href)
} else {
  const node = path.join(root, 'node_modules', '.bin', 'node')
  const child = spawn(node, [script, ...args], { stdio: 'inherit' })
  // Ctrl-C reaches the child by itself, being in the terminal's group; other signals are handed on.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  process.on('SIGHUP', () => child.kill('SIGHUP'))
  child.on('exit', (code, signal) => {
    process.exitCode = code === null ? 128 + (signal === 'SIGINT' ? 2 : 15) : code
  })
}
