import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'

const launcher = fileURLToPath(new URL('../../../scripts/launch.mjs', import.meta.url))

describe('the launcher on a Node that is too old', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'reelmill-launch-'))
    await writeFile(
      path.join(folder, 'old.mjs'),
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.0.0' } })",
    )
  })
  after(() => rm(folder, { recursive: true }))

  /** Of launchers and programs: none outlives its test, even when that fails. */
  const started: number[] = []
  afterEach(() => {
    for (const pid of started.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  })

  /** Starts `program` by the launcher and resolves when it has said its pid. */
  async function launch(program: string, ...args: string[]) {
    const file = path.join(folder, 'program.ts')
    await writeFile(file, program)
    const old = pathToFileURL(path.join(folder, 'old.mjs')).href
    const child = spawn(process.execPath, ['--import', old, launcher, file, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    started.push(child.pid ?? 0)
    const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    const lines = createInterface({ input: child.stdout })
    const [pid] = (await once(lines, 'line')) as [string]
    started.push(Number(pid))
    assert.notEqual(Number(pid), child.pid, 'the program runs in another Node')
    return { child, exit, pid: Number(pid) }
  }
  function isAlive(pid: number): boolean {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }

  it('hands on each signal, and ends as the program ends', async () => {
    const program = `
      const rest = setInterval(() => {}, 1e6)
      for (const [index, name] of ['SIGINT', 'SIGTERM', 'SIGHUP'].entries())
        process.on(name, () => { clearInterval(rest); process.exitCode = 7 + index })
      console.log(process.pid)`
    for (const [signal, status] of [
      ['SIGINT', 7],
      ['SIGTERM', 8],
      ['SIGHUP', 9],
    ] as const) {
      const { child, exit, pid } = await launch(program)
      child.kill(signal)
      assert.deepEqual(await exit, [status, null])
      assert.ok(!isAlive(pid))
    }
  })

  it('dies of the signal of which the program died', async () => {
    const { child, exit, pid } = await launch('setInterval(() => {}, 1e6); console.log(process.pid)')
    child.kill('SIGINT')
    assert.deepEqual(await exit, [null, 'SIGINT'])
    assert.ok(!isAlive(pid))
  })

  it('passes on arguments and the exit status', async () => {
    const { exit } = await launch('console.log(process.pid); process.exitCode = Number(process.argv[2])', '3')
    assert.deepEqual(await exit, [3, null])
  })
})
