import { fileURLToPath } from 'node:url'
import { openStores } from '#shared/aws/stores-config.ts'
import { systemClock } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { createLog } from '#shared/log.ts'
import { Service } from '#shared/service.ts'
import { masterConfig } from '../../services/master/config.ts'
import { startMaster } from '../../services/master/start-master.ts'

// The master as it is, but its workers are idle-worker.ts.
const config = readConfig(masterConfig, process.env)
const log = createLog({ service: 'master', level: config.REELMILL_LOG_LEVEL })
const service = new Service({ log, graceMs: 20_000 })
const stores = await openStores(config, { clock: systemClock, log })
service.add({ name: 'stores', close: stores.close })
service.add(
  await startMaster(config, {
    stores,
    clock: systemClock,
    log,
    workerCommand: [process.execPath, fileURLToPath(new URL('idle-worker.ts', import.meta.url))],
    environment: process.env,
  }),
)
await service.untilStopped()
process.exit(0)
