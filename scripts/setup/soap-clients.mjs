// The SOAP stacks that `npm run test:soap-clients` drives the service with, from Debian's packages. Other systems do
// not have them all (Axis 1.4 and Mono's WCF are old); there a client that is missing is named.
//
//   node scripts/setup/soap-clients.mjs        install what is missing, name what stays missing
//   node scripts/setup/soap-clients.mjs --ci   a package that stays missing is a failure, as with CI=true
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { onPath } from './system-tools.mjs'

const PACKAGES = [
  'python3-zeep',
  'php-cli',
  'php-soap',
  'libsoap-lite-perl',
  'gsoap',
  'libgsoap-dev',
  'libssl-dev',
  'zlib1g-dev',
  'gcc',
  'default-jdk-headless',
  'libjaxws-java',
  'libmail-java',
  'libaxis-java',
  // The runtime, mcs, wsdl, and WCF's libraries: 30 MB less to download than all of mono-complete.
  'mono-devel',
]

/**
 * @param {{ say: (line: string) => void }} options
 * @returns {string[]} the packages that are still missing
 */
export function repairSoapClients({ say }) {
  if (!onPath('dpkg-query') || !onPath('apt-get')) {
    say(`this is no Debian; the clients come from its packages: ${PACKAGES.join(', ')}`)
    return PACKAGES
  }
  const missing = PACKAGES.filter((name) => !isInstalled(name))
  if (missing.length === 0) return []
  const command = ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...missing]
  const asRoot = rootPrefix()
  if (!asRoot) {
    say(`missing: ${missing.join(', ')}. Install them with \`sudo ${command.join(' ')}\`.`)
    return missing
  }
  say(`installing ${missing.join(', ')} (apt-get)`)
  // A failed refresh need not matter: the packages may be in the lists that are there.
  run([...asRoot, 'apt-get', 'update', '-qq'])
  run([...asRoot, ...command])
  return missing.filter((name) => !isInstalled(name))
}

const isInstalled = (name) =>
  spawnSync('dpkg-query', ['-s', name], { encoding: 'utf8' }).stdout.includes(
    '\nStatus: install ok installed\n',
  )

/** What makes a command run as root without asking, or undefined when nothing does. */
function rootPrefix() {
  if (process.getuid?.() === 0) return []
  return run(['sudo', '-n', 'true']) ? ['sudo', '-n', 'env', 'DEBIAN_FRONTEND=noninteractive'] : undefined
}

/** Runs to the end without a terminal to ask on; its output is shown only when it fails. */
function run([command, ...args]) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const done = spawnSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', env })
  if (done.status !== 0 && command !== 'sudo')
    process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}`)
  return done.status === 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const say = (line) => process.stderr.write(`set-up: ${line}\n`)
  const missing = repairSoapClients({ say })
  if (missing.length > 0) {
    say(`>>> NOT TRIED: clients that need ${missing.join(', ')}. They are skipped; with CI they fail.`)
    if (process.argv.includes('--ci') || process.env.CI === 'true') process.exitCode = 1
  }
}
