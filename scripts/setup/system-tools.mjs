import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

// The jail (bubblewrap and prlimit) needs Linux; elsewhere ffmpeg runs without one, by request only.
export const TOOLS =
  process.platform === 'linux' ? ['ffmpeg', 'ffprobe', 'bwrap', 'prlimit'] : ['ffmpeg', 'ffprobe']

/** What tests need besides: another clock. */
export const TEST_TOOLS = process.platform === 'linux' ? ['faketime'] : []

/** That, and what `npm run test:localcloud-clients` needs; most managers agree on the names. */
const CLIENTS = { faketime: 'libfaketime', s3cmd: 's3cmd', rclone: 'rclone', 'python3-venv': 'python3' }

/**
 * How each package manager installs without a question, and what it calls the packages of each tool.
 * @type {{ command: string, root: boolean, prepare?: string[], install: string[], packages: Record<string, string> }[]}
 */
const MANAGERS = [
  {
    command: 'apt-get',
    root: true,
    prepare: ['update', '-qq'],
    install: ['install', '-y', '-qq', '--no-install-recommends'],
    packages: {
      ffmpeg: 'ffmpeg',
      ffprobe: 'ffmpeg',
      bwrap: 'bubblewrap',
      prlimit: 'util-linux',
      ...CLIENTS,
      faketime: 'faketime',
      'python3-venv': 'python3-venv',
    },
  },
  {
    command: 'dnf',
    root: true,
    install: ['install', '-y', '-q'],
    packages: { ffmpeg: 'ffmpeg', ffprobe: 'ffmpeg', bwrap: 'bubblewrap', prlimit: 'util-linux', ...CLIENTS },
  },
  {
    command: 'apk',
    root: true,
    install: ['add', '--no-cache', '-q'],
    packages: {
      ffmpeg: 'ffmpeg',
      ffprobe: 'ffmpeg',
      bwrap: 'bubblewrap',
      prlimit: 'util-linux-misc',
      ...CLIENTS,
    },
  },
  {
    command: 'pacman',
    root: true,
    install: ['-Sy', '--noconfirm', '--needed', '-q'],
    packages: {
      ffmpeg: 'ffmpeg',
      ffprobe: 'ffmpeg',
      bwrap: 'bubblewrap',
      prlimit: 'util-linux',
      ...CLIENTS,
      'python3-venv': 'python',
    },
  },
  {
    command: 'brew',
    root: false,
    install: ['install', '-q'],
    packages: { ffmpeg: 'ffmpeg', ffprobe: 'ffmpeg', ...CLIENTS, 'python3-venv': 'python' },
  },
]

/**
 * Installs the system's tools that are missing, when this user may do so without a password.
 *
 * @param {{ change: boolean, say: (line: string) => void, tools?: string[], isThere?: (tool: string) => boolean }} options
 *   `tools` is by default what Reelmill itself needs, and a tool is there when it is on the PATH
 * @returns {string[]} the tools that are still missing
 */
export function repairSystemTools({ change, say, tools = TOOLS, isThere = onPath }) {
  const missingTools = () => tools.filter((tool) => !isThere(tool))
  const missing = missingTools()
  if (missing.length === 0) return []
  const manager = MANAGERS.find(({ command }) => onPath(command))
  const packages = manager && [...new Set(missing.map((tool) => manager.packages[tool]).filter(Boolean))]
  const byHand = manager
    ? `\`${[manager.root ? 'sudo' : '', manager.command, ...manager.install, ...packages].filter(Boolean).join(' ')}\``
    : 'your package manager'
  const how = `Install ${missing.join(', ')} with ${byHand}${missing.includes('ffmpeg') ? ' (ffmpeg must have libx264)' : ''}.`
  const may = manager && change && (manager.root ? asRoot() : [])
  if (!may) {
    say(`missing: ${missing.join(', ')}. ${how}`)
    return missing
  }
  say(`installing ${packages.join(', ')} (${manager.command})`)
  // A failed refresh need not matter: the packages may be in the lists that are there.
  if (manager.prepare) run([...may, manager.command, ...manager.prepare])
  run([...may, manager.command, ...manager.install, ...packages])
  const still = missingTools()
  if (still.length > 0) say(`${manager.command} did not bring ${still.join(', ')}. ${how}`)
  return still
}

/** What makes a command run as root without asking: nothing, sudo, or undefined when neither is possible. */
function asRoot() {
  if (process.getuid && process.getuid() === 0) return []
  if (onPath('sudo') && run(['sudo', '-n', 'true']))
    return ['sudo', '-n', 'env', 'DEBIAN_FRONTEND=noninteractive']
  return undefined
}

/** Runs to the end without a terminal to ask on; its output is shown only when it fails. */
function run([command, ...args]) {
  const done = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    env: {
      ...process.env,
      DEBIAN_FRONTEND: 'noninteractive',
      HOMEBREW_NO_AUTO_UPDATE: '1',
      NONINTERACTIVE: '1',
    },
  })
  if (done.status !== 0 && command !== 'sudo')
    process.stderr.write(`${done.stdout || ''}${done.stderr || ''}`)
  return done.status === 0
}

/** Whether a folder of the PATH has `command`. */
export function onPath(command) {
  return (process.env.PATH || '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, command), constants.X_OK)
      return true
    } catch {
      return false // not here: look in the next folder
    }
  })
}
