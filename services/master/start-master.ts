import path from 'node:path'
import type { Stores } from '#shared/aws/stores-config.ts'
import type { Clock } from '#shared/clock.ts'
import type { Environment } from '#shared/config.ts'
import { newId } from '#shared/ids.ts'
import { retain } from '#shared/jobs/retention.ts'
import { Sweep } from '#shared/jobs/sweep.ts'
import { jobTimes } from '#shared/jobs/times-config.ts'
import type { Log } from '#shared/log.ts'
import type { ServicePart } from '#shared/service.ts'
import { openNotifier } from '#shared/webhooks/open-notifier.ts'
import { fleetPolicy, type MasterConfig } from './config.ts'
import type { Driver } from './drivers/driver.ts'
import { ProcessDriver } from './drivers/process/process-driver.ts'
import { Fleet } from './fleet.ts'
import { Master } from './master.ts'
import { MasterLease } from './master-lease.ts'
import { Observer } from './observer.ts'
import { ownerProcess } from './owner-process.ts'

export interface MasterContext {
  readonly stores: Stores
  readonly clock: Clock
  readonly log: Log
  /** What the process driver starts: an absolute path and its arguments. */
  readonly workerCommand: readonly [string, ...string[]]
  /** The environment that workers inherit. */
  readonly environment: Environment
}

/**
 * Puts a master together and sets it going. The part stops it: the rounds under way end first, then the workers
 * (unless they are to be kept), then the lease is laid down. Throws `configuration-invalid`.
 */
export async function startMaster(config: MasterConfig, context: MasterContext): Promise<ServicePart> {
  const { stores, clock } = context
  const { store, media, queue } = stores
  const times = jobTimes(config)
  const policy = fleetPolicy(config, times)
  const masterId = newId('mst', clock.now())
  const log = context.log.child({ masterId })
  const driver = openDriver(config, { ...context, log })
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
  const onLoss = () => master.wakeSweep()
  const fleet = new Fleet({ store, clock, log, driver, lease, observer, policy, onLoss })
  const notifier = openNotifier({
    store: stores.store,
    clock,
    log,
    allowPrivate: config.REELMILL_WEBHOOKS_ALLOW_PRIVATE,
  })
  const master: Master = new Master({
    sweep: new Sweep({
      store,
      media,
      queue,
      notifier,
      clock,
      log,
      times,
      lookAtWorkers: (signal) => observer.recentWorkers(config.REELMILL_TICK_SEC, signal),
    }),
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
  const stopLoops = new AbortController()
  const running = master.run(stopLoops.signal)
  log.info({ driver: driver.name, minWorkers: policy.minWorkers, maxWorkers: policy.maxWorkers }, 'ready')
  return {
    name: 'master',
    stopTaking: () => stopLoops.abort(new Error('the master is stopping')),
    async finish(deadline) {
      await running
      if (config.REELMILL_WORKERS_ON_STOP === 'terminate' && lease.held) await fleet.end(deadline)
      await lease.layDown(deadline)
    },
    close: () => driver.close(),
  }
}

/** The one place where a driver is chosen. */
function openDriver(config: MasterConfig, context: MasterContext): Driver {
  const { clock, log, workerCommand, environment } = context
  switch (config.REELMILL_DRIVER) {
    case 'process':
      return new ProcessDriver({
        folder: path.resolve(config.REELMILL_DATA, 'fleet'),
        fleet: config.REELMILL_FLEET_NAME,
        command: workerCommand,
        environment: {
          // A worker starts in a fraction of the time when its modules are compiled already.
          NODE_COMPILE_CACHE: path.resolve(config.REELMILL_DATA, 'compile-cache'),
          ...environment,
        },
        clock,
        log,
      })
    default:
      throw config.REELMILL_DRIVER satisfies never
  }
}
