import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { openStores } from '#shared/aws/stores-config.ts'
import { systemClock } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { messageOf } from '#shared/errors.ts'
import { newId } from '#shared/ids.ts'
import { retain } from '#shared/jobs/retention.ts'
import { Sweep } from '#shared/jobs/sweep.ts'
import { jobTimes } from '#shared/jobs/times-config.ts'
import { createLog, type Log } from '#shared/log.ts'
import { Service } from '#shared/service.ts'
import { Tenants } from '#shared/tenants/tenants.ts'
import { checkDestination } from '#shared/webhooks/check-destination.ts'
import { WebhookNotifier } from '#shared/webhooks/webhook-notifier.ts'
import { fleetPolicy, type MasterConfig, masterConfig } from './config.ts'
import type { Driver } from './drivers/driver.ts'
import { ProcessDriver } from './drivers/process/process-driver.ts'
import { Fleet } from './fleet.ts'
import { Master } from './master.ts'
import { MasterLease } from './master-lease.ts'
import { Observer } from './observer.ts'
import { ownerProcess } from './owner-process.ts'

const WORKER = fileURLToPath(new URL('../worker/main.ts', import.meta.url))
// Workers have 10 s to hand their jobs back and 5 more before they are killed.
const GRACE_MS = 20_000

async function main(): Promise<void> {
  const config = readConfig(masterConfig, process.env)
  const times = jobTimes(config)
  const policy = fleetPolicy(config, times)
  const clock = systemClock
  const masterId = newId('mst', clock.now())
  const log = createLog({ service: 'master', level: config.REELMILL_LOG_LEVEL }).child({ masterId })
  const stores = await openStores(config, { clock, log })
  const { store, media, queue } = stores
  const tenants = new Tenants({ store, clock })
  const notifier = new WebhookNotifier({
    secretsOf: (tenant) => tenants.webhookSecrets(tenant),
    check: (url) => checkDestination(url, { allowPrivate: config.REELMILL_WEBHOOKS_ALLOW_PRIVATE }),
    clock,
    log,
  })
  const driver = openDriver(config, log)
  const lease = new MasterLease({
    store,
    clock,
    log,
    masterId,
    process: await ownerProcess(),
    times: { renewMs: config.REELMILL_MASTER_RENEW_SEC, takeOverMs: config.REELMILL_MASTER_TAKEOVER_SEC },
  })
  const observer = new Observer({
    store,
    clock,
    bootMs: config.REELMILL_BOOT_SEC,
    workMsPerMiB: config.REELMILL_WORK_SEC_PER_MIB,
  })
  const fleet = new Fleet({
    store,
    clock,
    log,
    driver,
    lease,
    observer,
    policy,
    onLoss: () => master.wakeSweep(),
  })
  const master: Master = new Master({
    sweep: new Sweep({ store, media, queue, notifier, clock, log, times }),
    tidy: (signal) => retain({ store, media, clock, log, times }, signal),
    queue,
    fleet,
    lease,
    driver,
    clock,
    log,
    times: {
      busyMs: config.REELMILL_TICK_SEC,
      idleMs: Math.max(config.REELMILL_TICK_SEC, config.REELMILL_IDLE_TICK_SEC),
      tidyMs: config.REELMILL_TIDY_SEC,
      leaseMs: config.REELMILL_MASTER_RENEW_SEC / 4,
    },
  })

  const service = new Service({ log, graceMs: GRACE_MS })
  const stopLoops = new AbortController()
  const running = master.run(stopLoops.signal)
  service.add({
    name: 'fleet',
    stopTaking: () => stopLoops.abort(new Error('the master is stopping')),
    finish: async (deadline) => {
      await running
      if (config.REELMILL_WORKERS_ON_STOP === 'terminate' && lease.held) await fleet.end(deadline)
      await lease.layDown(deadline)
    },
    close: async () => {
      await driver.close()
      stores.close()
    },
  })
  log.info({ driver: driver.name, minWorkers: policy.minWorkers, maxWorkers: policy.maxWorkers }, 'ready')
  await service.untilStopped()
}

/** The one place where a driver is chosen. */
function openDriver(config: MasterConfig, log: Log): Driver {
  switch (config.REELMILL_DRIVER) {
    case 'process':
      return new ProcessDriver({
        folder: path.resolve(config.REELMILL_DATA, 'fleet'),
        fleet: config.REELMILL_FLEET_NAME,
        command: [process.execPath, WORKER],
        environment: {
          ...process.env,
          // A worker starts in a fraction of the time when its modules are compiled already.
          NODE_COMPILE_CACHE:
            process.env.NODE_COMPILE_CACHE ?? path.resolve(config.REELMILL_DATA, 'compile-cache'),
        },
        clock: systemClock,
        log,
      })
    default:
      throw config.REELMILL_DRIVER satisfies never
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`)
    process.exit(1)
  },
)
