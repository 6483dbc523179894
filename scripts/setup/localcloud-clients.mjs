// The S3 clients that `npm run test:localcloud-clients` holds the local cloud against: s3cmd and rclone from the
// system's package manager, the AWS CLI and boto3 from PyPI in a virtual environment of their own.
//
//   node scripts/setup/localcloud-clients.mjs        install what is missing, name what stays missing
//   node scripts/setup/localcloud-clients.mjs --ci   a client that stays missing is a failure, as with CI=true
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { onPath, repairSystemTools } from './system-tools.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const requirements = path.join(root, 'test', 'localcloud-clients', 'requirements.txt')
const environment = path.join(root, 'node_modules', '.cache', 'localcloud-clients')
const stamp = path.join(environment, 'installed.txt')

/**
 * @param {{ say: (line: string) => void }} options
 * @returns {string[]} the clients that are still missing
 */
export function repairLocalcloudClients({ say }) {
  // Debian keeps Python's module `venv` in a package of its own, so it is asked for and not only python3.
  const isThere = (tool) =>
    tool === 'python3-venv' ? run('python3', ['-c', 'import ensurepip'], 'ignore') : onPath(tool)
  const missing = repairSystemTools({
    change: true,
    say,
    tools: ['s3cmd', 'rclone', 'python3-venv'],
    isThere,
  })
  const hasPython = !missing.includes('python3-venv') && repairPython(say)
  return [...missing.filter((tool) => tool !== 'python3-venv'), ...(hasPython ? [] : ['aws', 'boto3'])]
}

/** Makes the virtual environment hold exactly what requirements.txt names. */
function repairPython(say) {
  const wanted = readFileSync(requirements, 'utf8')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && works()) return true
  say('installing the AWS CLI and boto3 (pip)')
  rmSync(environment, { recursive: true, force: true })
  if (!run('python3', ['-m', 'venv', environment])) {
    say('python3 could not make a virtual environment; its messages stand above.')
    return false
  }
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]
  if (!run(path.join(environment, 'bin', 'python3'), pip) || !works()) {
    say('pip did not bring the AWS CLI and boto3. When the network is back, run the same command again.')
    return false
  }
  writeFileSync(stamp, wanted)
  return true
}

const works = () => run(path.join(environment, 'bin', 'python3'), ['-c', 'import awscli, boto3'], 'ignore')

function run(command, args, stderr = 'inherit') {
  return spawnSync(command, args, { stdio: ['ignore', 'ignore', stderr] }).status === 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const say = (line) => process.stderr.write(`set-up: ${line}\n`)
  const missing = repairLocalcloudClients({ say })
  if (missing.length > 0) {
    say(
      `>>> NOT HELD AGAINST: ${missing.join(', ')}. The tests of missing clients are skipped; with CI they fail.`,
    )
    if (process.argv.includes('--ci') || process.env.CI === 'true') process.exitCode = 1
  }
}
