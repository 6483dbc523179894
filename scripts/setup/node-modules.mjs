import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const modules = path.join(root, 'node_modules')
const stamp = path.join(modules, '.reelmill-setup')
const RUNTIME_NODE = 26

/**
 * Makes node_modules agree with package-lock.json and hold a Node that runs (the devDependency `node`).
 *
 * @param {{ change: boolean, say: (line: string) => void }} options
 * @returns {boolean} whether it is so now
 */
export function repairNodeModules({ change, say }) {
  const lock = readFileSync(path.join(root, 'package-lock.json'))
  const lockHash = createHash('sha256').update(lock).digest('hex')
  if (!matches(lock, lockHash)) {
    if (!change) {
      say('node_modules does not match package-lock.json; `node scripts/setup.mjs` installs it.')
      return false
    }
    say('installing dependencies (npm ci)')
    if (!npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'])) {
      say('npm ci failed; its messages stand above. When the network is back, run the same command again.')
      return false
    }
  }
  if (runtimeVersion() < RUNTIME_NODE) {
    if (!change) {
      say(`node_modules/.bin/node is not a Node ${RUNTIME_NODE}; \`node scripts/setup.mjs\` mends it.`)
      return false
    }
    if (!repairRuntime(say)) return false
  }
  if (change && readIfThere(stamp) !== lockHash) writeFileSync(stamp, lockHash)
  return true
}

/**
 * True when what is installed is what the lock file says. The stamp answers at once; without it, as after an
 * `npm install` by hand, npm's own record of what it installed is compared, and only what is optional may lack.
 */
function matches(lock, lockHash) {
  if (!existsSync(modules)) return false
  if (readIfThere(stamp) === lockHash) return true
  const record = readIfThere(path.join(modules, '.package-lock.json'))
  if (record === undefined) return false
  const installed = JSON.parse(record).packages
  return Object.entries(JSON.parse(lock).packages).every(([place, wanted]) => {
    if (place === '') return true
    const found = installed[place]
    return found === undefined ? wanted.optional === true : found.integrity === wanted.integrity
  })
}

/** The major version of node_modules/.bin/node, 0 when it does not run. */
function runtimeVersion() {
  const run = spawnSync(path.join(modules, '.bin', 'node'), ['--version'], { encoding: 'utf8' })
  return run.status === 0 ? Number.parseInt(run.stdout.slice(1), 10) : 0
}

/**
 * The package `node` fetches its binary in a preinstall script, which some npm settings (ignore-scripts, an
 * older or a stricter npm) leave out without failing. So it is run here by hand.
 */
function repairRuntime(say) {
  const place = path.join(modules, 'node')
  say(`fetching Node ${RUNTIME_NODE}, which npm did not`)
  const run = spawnSync(process.execPath, ['installArchSpecificPackage'], {
    cwd: place,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: withoutOwnBin(),
  })
  if (run.status === 0 && runtimeVersion() >= RUNTIME_NODE) return true
  // There is no ready-made binary for every system (musl); one that the machine has already does as well.
  const own = process.execPath
  if (Number.parseInt(process.versions.node, 10) >= RUNTIME_NODE && !own.startsWith(modules)) {
    mkdirSync(path.join(place, 'bin'), { recursive: true })
    rmSync(path.join(place, 'bin', 'node'), { force: true })
    symlinkSync(own, path.join(place, 'bin', 'node'))
    if (runtimeVersion() >= RUNTIME_NODE) return true
  }
  say(
    `Node ${RUNTIME_NODE} could not be fetched for ${process.platform}-${process.arch}. Install Node ${RUNTIME_NODE} by hand, then run the same command again with it.`,
  )
  return false
}

function npm(args) {
  const run = spawnSync('npm', args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: withoutOwnBin(),
  })
  return run.status === 0
}

/** npm must not run on the Node inside the node_modules that it replaces, so that one leaves the PATH. */
function withoutOwnBin() {
  const PATH = (process.env.PATH || '')
    .split(path.delimiter)
    .filter((folder) => !path.resolve(folder).startsWith(modules))
    .join(path.delimiter)
  return { ...process.env, PATH }
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}
