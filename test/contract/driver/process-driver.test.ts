import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { systemClock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import { ProcessDriver } from '../../../services/master/drivers/process/process-driver.ts'
import { driverSuite } from './driver-suite.ts'

driverSuite('process', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'reelmill-driver-'))
  const drivers: ProcessDriver[] = []
  const make = (command: readonly [string, ...string[]]) => {
    const driver = new ProcessDriver({
      folder,
      fleet: 'suite',
      command,
      environment: process.env,
      clock: systemClock,
      log: silentLog,
      graceMs: 500,
      pollMs: 20,
    })
    drivers.push(driver)
    return driver
  }
  const sleeper = ['/bin/sleep', '60'] as const
  const driver = make(sleeper)
  return {
    driver,
    reopen: async () => make(sleeper),
    kill: async (id) => {
      process.kill(
        Number((await readFile(path.join(folder, 'suite', 'pids', id), 'utf8')).split('\n')[0]),
        'SIGKILL',
      )
    },
    broken: async () => make([path.join(folder, 'no-such-program')]),
    dispose: async () => {
      for (;;) {
        const left = await driver.list()
        if (left.length === 0) break
        await driver.terminate(left.map(({ id }) => id))
        await systemClock.sleep(10)
      }
      for (const each of drivers) await each.close()
      await rm(folder, { recursive: true })
    },
  }
})
