import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ChildService } from '../../../scripts/stack/child-service.ts'

describe('a service that the stack starts', () => {
  let folder: string
  const started: ChildService[] = []

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'reelmill-child-'))
  })
  afterEach(async () => {
    for (const service of started.splice(0)) await service.stop(1_000)
    await rm(folder, { recursive: true, force: true })
  })

  it('leaves the end of its log for people when it dies', async () => {
    const service = await start(`
      console.log(JSON.stringify({ level: 'error', msg: 'no store', err: { message: 'refused' } }))
      console.error('a plain line')
      process.exit(3)`)
    assert.equal(await service.exited, 'some ended with exit code 3')
    assert.equal(service.running, false)
    assert.equal(service.lastLines(), '    error no store: refused\n    a plain line')
  })

  it('ends with what it started itself', async () => {
    const service = await start(`
      const { spawn } = require('node:child_process')
      const child = spawn('sleep', ['1000'])
      process.on('SIGTERM', () => process.exit(0))
      console.log(child.pid) // last: whoever reads it sends the signal`)
    const grandchild = Number(await firstLine(service))
    process.kill(grandchild, 0)
    await service.stop(5_000)
    assert.equal(await service.exited, 'some ended with exit code 0')
    await untilGone(grandchild)
  })

  it('is killed when it does not stop in time', async () => {
    const service = await start(`
      process.on('SIGTERM', () => {})
      setInterval(() => {}, 1000)
      console.log('ready')`)
    await firstLine(service)
    await service.stop(100)
    assert.equal(await service.exited, 'some ended with SIGKILL')
  })

  it('gets the environment that it is given and nothing else', async () => {
    const service = await start('console.log(JSON.stringify(Object.keys(process.env)))', { ONLY: 'this' })
    await service.exited
    assert.deepEqual(JSON.parse(await readFile(service.logFile, 'utf8')), ['ONLY'])
  })

  async function start(
    script: string,
    environment: Record<string, string> = { PATH: process.env.PATH ?? '' },
  ) {
    const file = path.join(folder, 'some.cjs')
    await writeFile(file, script)
    const service = new ChildService({ name: 'some', script: file, environment, logsFolder: folder })
    started.push(service)
    return service
  }

  async function firstLine(service: ChildService): Promise<string> {
    for (;;) {
      const text = await readFile(service.logFile, 'utf8')
      if (text.includes('\n')) return text.slice(0, text.indexOf('\n'))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** A killed process is gone when the system has reaped it, a moment after the signal. */
  async function untilGone(pid: number): Promise<void> {
    for (;;) {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'Z')
      if (stat === 'Z' || stat.slice(stat.lastIndexOf(')')).startsWith(') Z')) return
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
})
