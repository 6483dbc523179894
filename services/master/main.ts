import { fileURLToPath } from 'node:url'
import { openStores } from '#shared/aws/stores-config.ts'
import { systemClock } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { messageOf } from '#shared/errors.ts'
import { createLog } from '#shared/log.ts'
import { Service } from '#shared/service.ts'
import { launchedWorkerEnvironment, workerCommand } from '#shared/workers/worker-launch.ts'
import { masterConfig } from './config.ts'
import { startMaster } from './start-master.ts'

const WORKER = fileURLToPath(new URL('../worker/main.ts', import.meta.url))
// Workers have 10 s to hand their jobs back and 5 more before they are killed.
const GRACE_MS = 20_000

async function main(): Promise<void> {
  const config = readConfig(masterConfig, process.env)
  const log = createLog({ service: 'master', level: config.REELMILL_LOG_LEVEL })
  const service = new Service({ log, graceMs: GRACE_MS })
  const stores = await openStores(config, { clock: systemClock, log, signal: service.stopping })
  service.add({ name: 'stores', close: stores.close })
  service.add(
    await startMaster(config, {
      stores,
      clock: systemClock,
      log,
      workerCommand: workerCommand(WORKER),
      environment: { ...process.env, ...launchedWorkerEnvironment },
    }),
  )
  await service.untilStopped()
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`)
    process.exit(1)
  },
)
