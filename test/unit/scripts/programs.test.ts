import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { storeCredentials } from '../../../scripts/stack/store-credentials.ts'

describe('the programs behind npm run', () => {
  let data = ''
  before(async () => {
    data = await mkdtemp(path.join(tmpdir(), 'reelmill-programs-'))
  })
  after(() => rm(data, { recursive: true }))

  /** Starts one with nothing of this process's environment but what it needs. */
  function start(name: string, args: readonly string[], environment: Record<string, string> = {}) {
    const script = fileURLToPath(new URL(`../../../scripts/${name}.ts`, import.meta.url))
    return spawn(process.execPath, [script, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, REELMILL_DATA: data, ...environment },
    })
  }

  async function run(name: string, args: readonly string[] = [], environment: Record<string, string> = {}) {
    const child = start(name, args, environment)
    const exit = once(child, 'exit')
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
    const [status] = (await exit) as [number]
    return { out, err, status }
  }

  for (const name of ['doctor', 'start', 'simulate', 'keys']) {
    it(`${name} says how it is called, and refuses in sentences what it does not take`, async () => {
      const asked = await run(name, ['--help'])
      assert.equal(asked.status, 0)
      assert.match(asked.out + asked.err, /^npm (run )?[a-z]+/)
      const wrong = await run(name, ['--nonsense', 'bob'])
      assert.ok(wrong.status > 0)
      assert.match(wrong.err, /nonsense[\s\S]*npm (run )?[a-z]+/)
      assert.ok(!wrong.err.includes('    at '), wrong.err)
      assert.equal(wrong.out, '')
    })
  }

  it('doctor looks at the stores of npm start when its data is there, and says that it must run', async () => {
    storeCredentials(data)
    const child = start('doctor', [], { REELMILL_LOCALCLOUD_S3_PORT: '9' })
    const exit = once(child, 'exit')
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    child.kill('SIGKILL') // it would look for a while, and there is nothing to be found
    await exit
    const whose = `the stores of \`npm start\` in ${data}; it must be running`
    assert.equal(line, `Examining http://127.0.0.1:9, ${whose}`)
  })

  it('start names the variable that is no port', async () => {
    const { err, status } = await run('start', [], { REELMILL_PORT: '80x80' })
    assert.equal(
      err,
      'REELMILL_PORT is a port from 1 to 65535, and not 80x80. Set it to a free one, or leave it out.\n',
    )
    assert.equal(status, 1)
  })
})
