import path from 'node:path'
import { systemClock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import { ProcessDriver } from '../../services/master/drivers/process/process-driver.ts'
import { FLEET, machinesFolder } from './service-environments.ts'

const LOOK_EVERY_MS = 50

/**
 * Ends the workers that are left when the master is gone. A master that stops in order has ended them already, but
 * one that was killed leaves them to the next. Each is asked first, and hands its job back to be run later.
 */
export async function retireWorkers(dataFolder: string, graceMs: number): Promise<void> {
  const driver = new ProcessDriver({
    folder: machinesFolder(dataFolder),
    fleet: FLEET,
    command: [process.execPath, path.join('services', 'worker', 'main.ts')],
    environment: {},
    clock: systemClock,
    log: silentLog,
    graceMs,
  })
  try {
    const untilMs = performance.now() + graceMs + 5_000
    for (;;) {
      const machines = await driver.list()
      if (machines.length === 0) return
      // The first time this asks a worker to end, later it cleans up after one that has.
      await driver.terminate(machines.map(({ id }) => id))
      if (performance.now() > untilMs)
        throw new Error(`these workers do not end: ${machines.map(({ id }) => id).join(', ')}`)
      await systemClock.sleep(LOOK_EVERY_MS)
    }
  } finally {
    await driver.close()
  }
}
