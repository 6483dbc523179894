import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const LOCK = JSON.stringify({
  packages: {
    '': {},
    'node_modules/a': { integrity: 'sha512-a' },
    'node_modules/only-elsewhere': { integrity: 'sha512-b', optional: true },
  },
})

describe('scripts/setup.mjs', () => {
  let clone: string
  let bin: string

  /** A clone with the real set-up in it, and a PATH on which only the commands written here exist. */
  beforeEach(async () => {
    clone = await mkdtemp(path.join(tmpdir(), 'reelmill-setup-'))
    bin = path.join(clone, 'bin')
    await mkdir(path.join(clone, 'scripts'))
    await mkdir(bin)
    await cp(path.join(root, 'scripts/setup.mjs'), path.join(clone, 'scripts/setup.mjs'))
    await cp(path.join(root, 'scripts/setup'), path.join(clone, 'scripts/setup'), { recursive: true })
    await writeFile(path.join(clone, 'package-lock.json'), LOCK)
    for (const tool of ['ffmpeg', 'ffprobe', 'bwrap', 'prlimit']) await command(tool, 'exit 0')
    for (const basic of ['sh', 'mkdir', 'cat', 'chmod', 'rm', 'true', 'env'])
      await symlink(systemPath(basic), path.join(bin, basic))
    await command('npm', `echo "npm $*" >> "${clone}/calls"\n${installs('v26.1.0')}`)
  })
  afterEach(() => rm(clone, { recursive: true, force: true }))

  it('installs the dependencies of a fresh clone once, and says so in one line', async () => {
    const first = setUp()
    assert.equal(first.status, 0)
    assert.equal(first.stderr, 'set-up: installing dependencies (npm ci)\n')
    const second = setUp()
    assert.deepEqual([second.status, second.stdout, second.stderr], [0, '', ''])
    assert.equal((await calls()).length, 1)
  })

  it('installs again when the lock file has changed', async () => {
    setUp()
    await writeFile(path.join(clone, 'package-lock.json'), LOCK.replace('sha512-a', 'sha512-c'))
    setUp()
    assert.equal((await calls()).length, 2)
  })

  it('takes over what npm installed by hand when it is what the lock file says', async () => {
    setUp()
    await rm(path.join(clone, 'node_modules/.reelmill-setup'))
    assert.equal(setUp().stderr, '')
    assert.equal((await calls()).length, 1)
  })

  it('fetches the runtime Node itself when npm left the preinstall script out', async () => {
    await command('npm', installs('v20.0.0'))
    await command('runtime', 'echo v26.1.0')
    const fetched = `require('node:fs').copyFileSync(${JSON.stringify(path.join(bin, 'runtime'))}, '../.bin/node')`
    await mkdir(path.join(clone, 'node_modules/node'), { recursive: true })
    await writeFile(path.join(clone, 'node_modules/node/installArchSpecificPackage.js'), fetched)
    const run = setUp()
    assert.equal(run.status, 0, run.stderr)
    assert.match(run.stderr, /fetching Node 26, which npm did not\n$/)
  })

  it('changes nothing with --check, and fails with what is missing', async () => {
    await rm(path.join(bin, 'ffmpeg'))
    const run = setUp(['--check'])
    assert.equal(run.status, 1)
    assert.match(run.stderr, /node_modules does not match package-lock\.json/)
    await assert.rejects(calls())
    setUp()
    assert.match(setUp(['--check']).stderr, /^set-up: missing: ffmpeg\. Install ffmpeg with/)
  })

  it('installs missing tools with the package manager, without a terminal to ask on', async () => {
    await rm(path.join(bin, 'bwrap'))
    await command('sudo', 'while [ "$1" = -n ]; do shift; done; exec "$@"')
    await command(
      'apt-get',
      `echo "apt-get $* $DEBIAN_FRONTEND" >> "${clone}/calls"
       [ -t 0 ] && exit 1
       [ "$1" = install ] && { echo '#!/bin/sh' > "${bin}/bwrap"; chmod +x "${bin}/bwrap"; }
       exit 0`,
    )
    const run = setUp()
    assert.equal(run.status, 0)
    assert.match(run.stderr, /set-up: installing bubblewrap \(apt-get\)\n$/)
    assert.deepEqual((await calls()).slice(1), [
      'apt-get update -qq noninteractive',
      'apt-get install -y -qq --no-install-recommends bubblewrap noninteractive',
    ])
    assert.equal(setUp().stderr, '')
  })

  it('brings what only tests need when it is told that tests are to run', async () => {
    setUp()
    assert.equal(setUp().stderr, '')
    const needs = process.platform === 'linux' ? /^set-up: missing: faketime\. Install faketime with/ : /^$/
    assert.match(setUp(['--tests']).stderr, needs)
  })

  it('names what to install where it may not, which only --ci and CI=true count as a failure', async () => {
    await rm(path.join(bin, 'bwrap'))
    setUp()
    const home = setUp()
    assert.equal(home.status, 0)
    assert.equal(home.stderr, 'set-up: missing: bwrap. Install bwrap with your package manager.\n')
    assert.equal(setUp(['--ci']).status, 1)
    assert.equal(setUp([], { CI: 'true' }).status, 1)
  })

  it('refuses a Node that is too old with a sentence', () => {
    const older = `Object.defineProperty(process.versions, 'node', { value: '18.20.0' })`
    const run = setUp([], {}, ['--import', `data:text/javascript,${encodeURIComponent(older)}`])
    assert.equal(run.status, 1)
    assert.match(run.stderr, /^set-up: This is Node 18\.20\.0, and the set-up needs Node 20 or newer/)
  })

  it('refuses a flag that it does not know', () => {
    assert.equal(setUp(['--chekc']).status, 2)
  })

  function setUp(args: string[] = [], environment: Record<string, string> = {}, nodeArgs: string[] = []) {
    return spawnSync(process.execPath, [...nodeArgs, path.join(clone, 'scripts/setup.mjs'), ...args], {
      env: { PATH: bin, ...environment },
      encoding: 'utf8',
    })
  }

  async function command(name: string, script: string): Promise<void> {
    await writeFile(path.join(bin, name), `#!/bin/sh\n${script}\n`)
    await chmod(path.join(bin, name), 0o755)
  }

  async function calls(): Promise<string[]> {
    return (await readFile(path.join(clone, 'calls'), 'utf8')).trimEnd().split('\n')
  }

  /** What `npm ci` leaves behind: its record of what it installed, and a runtime of the given version. */
  function installs(version: string): string {
    return `rm -f node_modules/.reelmill-setup
mkdir -p node_modules/.bin node_modules/node
cat package-lock.json > node_modules/.package-lock.json
printf '#!/bin/sh\\necho ${version}\\n' > node_modules/.bin/node
chmod +x node_modules/.bin/node`
  }
})

function systemPath(name: string): string {
  const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim()
  return found.startsWith('/') ? found : `/usr/bin/${name}`
}
