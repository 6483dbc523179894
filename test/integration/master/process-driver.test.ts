import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { systemClock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import {
  ProcessDriver,
  type ProcessDriverOptions,
} from '../../../services/master/drivers/process/process-driver.ts'
import { identityOf, isRunning, parseIdentity } from '../../../services/master/process-identity.ts'

describe('worker processes', () => {
  let folder: string
  const drivers: ProcessDriver[] = []
  const pidFile = (id: string) => path.join(folder, 'test', 'pids', id)
  const shell = (script: string): readonly [string, ...string[]] => ['/bin/sh', '-c', script]
  const SLEEP = shell('exec sleep 60')

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'reelmill-process-'))
  })
  afterEach(async () => {
    const cleaner = open(SLEEP)
    await until(async () => {
      const left = await cleaner.list()
      await cleaner.terminate(left.map(({ id }) => id))
      return left.length === 0
    })
    for (const driver of drivers.splice(0)) await driver.close()
    await rm(folder, { recursive: true })
  })

  function open(command: readonly [string, ...string[]], over: Partial<ProcessDriverOptions> = {}) {
    const driver = new ProcessDriver({
      folder,
      fleet: 'test',
      command,
      environment: { PATH: process.env.PATH, REELMILL_TEST_FOLDER: folder },
      clock: systemClock,
      log: silentLog,
      graceMs: 300,
      pollMs: 20,
      ...over,
    })
    drivers.push(driver)
    return driver
  }
  const stateOf = async (driver: ProcessDriver, id: string) =>
    (await driver.list()).find((machine) => machine.id === id)?.state
  const isAlive = async (driver: ProcessDriver, id: string) => (await stateOf(driver, id)) === 'alive'

  it('get their id, a workspace of their own and a log, and the environment that the driver was given', async () => {
    const driver = open(shell('echo "$REELMILL_WORKER_ID in $REELMILL_WORKSPACE of $REELMILL_TEST_FOLDER"'))
    await driver.launch(['wrk_a'])
    await until(async () => (await stateOf(driver, 'wrk_a')) === 'ended')
    const workspace = path.join(folder, 'test', 'workspaces', 'wrk_a')
    assert.ok(existsSync(workspace))
    const log = await readFile(path.join(folder, 'test', 'logs', 'wrk_a.log'), 'utf8')
    assert.equal(log, `wrk_a in ${workspace} of ${folder}\n`)
  })

  it('write down who they are before they are workers, as the system knows them', async () => {
    const driver = open(SLEEP)
    await driver.launch(['wrk_a'])
    await until(() => isAlive(driver, 'wrk_a'))
    const identity = parseIdentity(await readFile(pidFile('wrk_a'), 'utf8'))
    assert.ok(identity)
    assert.deepEqual(await identityOf(identity.pid), identity)
  })

  it('are one process for each id, though many launch it at the same moment', async () => {
    const count = shell('echo start >> "$REELMILL_TEST_FOLDER/starts"; exec sleep 60')
    const launchers = Array.from({ length: 6 }, () => open(count))
    await Promise.all(launchers.map((driver) => driver.launch(['wrk_a'])))
    const [first] = launchers
    assert.ok(first)
    await until(() => isAlive(first, 'wrk_a'))
    // Those that came second have a file beside the pid file for as long as they live.
    await until(async () => (await readdir(path.dirname(pidFile('wrk_a')))).length === 1)
    await until(async () => existsSync(path.join(folder, 'starts')))
    assert.equal(await readFile(path.join(folder, 'starts'), 'utf8'), 'start\n')
  })

  it('are not taken for alive when another process has their pid by now', async () => {
    const stranger = spawn('/bin/sleep', ['60'], { stdio: 'ignore' })
    await once(stranger, 'spawn')
    try {
      const identity = await identityOf(stranger.pid ?? 0)
      assert.ok(identity)
      await mkdir(path.dirname(pidFile('wrk_a')), { recursive: true })
      await writeFile(pidFile('wrk_a'), `${identity.pid}\n${identity.boot}\nanother start\n`)
      await writeFile(pidFile('wrk_b'), `${identity.pid}\nanother boot\n${identity.start}\n`)
      const driver = open(SLEEP)
      assert.deepEqual(await driver.list(), [
        { id: 'wrk_a', state: 'ended' },
        { id: 'wrk_b', state: 'ended' },
      ])
      await driver.terminate(['wrk_a', 'wrk_b'])
      assert.ok(await isRunning(identity), 'the stranger was killed')
    } finally {
      stranger.kill('SIGKILL')
      await once(stranger, 'exit')
    }
  })

  it('take what they started along when they die', async () => {
    const driver = open(shell('sleep 60 & echo $! > "$REELMILL_TEST_FOLDER/child"; wait'))
    const exits: string[] = []
    driver.onExit((id) => exits.push(id))
    await driver.launch(['wrk_a'])
    await until(async () => (await readFile(path.join(folder, 'child'), 'utf8').catch(() => '')) !== '')
    const child = await identityOf(Number(await readFile(path.join(folder, 'child'), 'utf8')))
    assert.ok(child)
    const [pid = ''] = (await readFile(pidFile('wrk_a'), 'utf8')).split('\n')
    process.kill(Number(pid), 'SIGKILL')
    await until(async () => exits.length > 0 && !(await isRunning(child)))
  })

  it('are asked first, and may take their time', async () => {
    const polite = shell(
      'trap \'sleep 0.1; echo bye > "$REELMILL_TEST_FOLDER/bye"; exit 0\' TERM; echo ready > "$REELMILL_TEST_FOLDER/ready"; while :; do sleep 0.02; done',
    )
    const driver = open(polite, { graceMs: 10_000 })
    await driver.launch(['wrk_a'])
    await until(async () => existsSync(path.join(folder, 'ready')))
    await driver.terminate(['wrk_a'])
    await until(async () => (await stateOf(driver, 'wrk_a')) === 'ended')
    assert.equal(await readFile(path.join(folder, 'bye'), 'utf8'), 'bye\n')
  })

  it('are killed with all they started when they do not go', async () => {
    const stubborn = shell(
      'trap \'\' TERM; sleep 60 & echo $! > "$REELMILL_TEST_FOLDER/child"; while :; do sleep 0.02; done',
    )
    const driver = open(stubborn)
    await driver.launch(['wrk_a'])
    await until(async () => (await readFile(path.join(folder, 'child'), 'utf8').catch(() => '')) !== '')
    const child = await identityOf(Number(await readFile(path.join(folder, 'child'), 'utf8')))
    assert.ok(child)
    await driver.terminate(['wrk_a'])
    await until(async () => (await stateOf(driver, 'wrk_a')) === 'ended' && !(await isRunning(child)))
  })

  it('of another master are noticed when they end', async () => {
    const first = open(SLEEP)
    await first.launch(['wrk_a'])
    await until(() => isAlive(first, 'wrk_a'))
    await first.close()
    const second = open(SLEEP)
    const exits: string[] = []
    second.onExit((id) => exits.push(id))
    await until(() => isAlive(second, 'wrk_a'))
    const [pid = ''] = (await readFile(pidFile('wrk_a'), 'utf8')).split('\n')
    process.kill(Number(pid), 'SIGKILL')
    await until(async () => exits.includes('wrk_a'))
  })

  it('say how they ended', async () => {
    const driver = open(shell('exit 7'))
    await driver.launch(['wrk_a'])
    await until(async () => (await driver.list())[0]?.detail === 'exit code 7')
  })

  it('of another fleet are not ours', async () => {
    const [ours, theirs] = [open(SLEEP), open(SLEEP, { fleet: 'other' })]
    await theirs.launch(['wrk_a'])
    await until(() => isAlive(theirs, 'wrk_a'))
    assert.deepEqual(await ours.list(), [])
    assert.deepEqual(await ours.terminate(['wrk_a']), [{ id: 'wrk_a', outcome: 'gone' }])
    assert.ok(await isAlive(theirs, 'wrk_a'))
    await theirs.terminate(['wrk_a'])
    await until(async () => (await stateOf(theirs, 'wrk_a')) === 'ended')
  })
})

/** Looks until it is so: the end of a foreign process has no event. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + 15_000
  while (!(await isSo())) {
    if (performance.now() > endsAt) assert.fail('it did not come to pass within 15 s')
    await systemClock.sleep(10)
  }
}
