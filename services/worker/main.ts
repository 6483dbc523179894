import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { openStores } from '#shared/aws/stores-config.ts'
import { countBuffersWithHeap } from '#shared/buffer-accounting.ts'
import { systemClock } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { hasCode, messageOf } from '#shared/errors.ts'
import { newId } from '#shared/ids.ts'
import { jobTimes } from '#shared/jobs/times-config.ts'
import { defaultRetryPolicy } from '#shared/jobs/transition.ts'
import { createLog } from '#shared/log.ts'
import { release } from '#shared/release.ts'
import { Service } from '#shared/service.ts'
import { claimWorkspace } from './claim-workspace.ts'
import { workerConfig } from './config.ts'
import { openEngine } from './ffmpeg/open-engine.ts'
import { Registration } from './registration.ts'
import { runWorker } from './run-worker.ts'

// What SIGTERM leaves for killing ffmpeg and handing the job back.
const GRACE_MS = 10_000

const loadIdleSweep = () => import('./open-idle-sweep.ts')

async function main(): Promise<void> {
  countBuffersWithHeap()
  const config = readConfig(workerConfig, process.env)
  const times = jobTimes(config)
  const id = config.REELMILL_WORKER_ID ?? newId('wrk', systemClock.now())
  const log = createLog({ service: 'worker', level: config.REELMILL_LOG_LEVEL }).child({ workerId: id })
  // Side by side: a worker should take its first bell a fraction of a second after it was launched.
  const [engine, stores, workspace] = await Promise.all([
    // First, since it waits for a process: the jail is tried.
    openEngine({
      jail: config.REELMILL_JAIL,
      decodeShare: config.REELMILL_VERIFY_DECODE_SHARE,
      log,
      limits: {
        stallMs: config.REELMILL_ENCODE_STALL_SEC,
        encodeTimeoutMs: config.REELMILL_ENCODE_TIMEOUT_SEC,
        memoryBytes: config.REELMILL_ENCODE_MEMORY,
      },
    }),
    openStores(config, { clock: systemClock, log }),
    claimWorkspace(config.REELMILL_WORKSPACE, log),
  ])
  const registration = await Registration.create(
    { store: stores.store, clock: systemClock, log },
    {
      id,
      bootId: randomUUID(),
      static: config.REELMILL_WORKER_ID === undefined,
      host: hostname(),
      pid: process.pid,
      jail: engine.jail,
      release,
    },
  )
  const service = new Service({ log, graceMs: GRACE_MS })
  service.add({ name: 'workspace', close: workspace.release })
  const interrupted = new AbortController()
  const idleSweep = async () => {
    const { openIdleSweep } = await loadIdleSweep()
    return openIdleSweep(stores, { times, webhooksAllowPrivate: config.REELMILL_WEBHOOKS_ALLOW_PRIVATE, log })
  }
  const running = runWorker({
    ...stores,
    openBucket: (bucket) => (bucket === undefined ? stores.media : stores.openBucket(bucket)),
    clock: systemClock,
    log,
    times,
    policy: { ...defaultRetryPolicy, maxAttempts: config.REELMILL_MAX_ATTEMPTS },
    registration,
    engine: engine.encode,
    workspaceRoot: workspace.dir,
    workspaceQuotaBytes: config.REELMILL_WORKSPACE_QUOTA,
    interrupted: interrupted.signal,
    idleSweep: { open: idleSweep, everyMs: config.REELMILL_IDLE_SWEEP_SEC },
    ...(config.REELMILL_WORKER_ID !== undefined && { masterGoneMs: config.REELMILL_MASTER_GONE_SEC }),
  })
  service.add({
    name: 'worker',
    stopTaking: () => interrupted.abort('interrupted'),
    finish: () => running,
    close: stores.close,
  })
  log.info({ jail: engine.jail, static: config.REELMILL_WORKER_ID === undefined }, 'ready')
  // A worker that was drained or dismissed ends by itself; a signal ends it through the service.
  running.then(
    () => service.stop('the worker has ended'),
    (error: unknown) => service.stop(messageOf(error)),
  )
  // While the first poll is on the way, and signals are heard already: a job may be taken by now. Not at the first
  // need: a newer release may lie on the disk by then.
  await Promise.all([service.untilStopped(), engine.load(), loadIdleSweep()])
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    // `conflict` is a second launch of the same intent: normal, and no reason for an alarm.
    process.stderr.write(`${messageOf(error)}\n`)
    process.exit(hasCode(error, 'conflict') ? 0 : 1)
  },
)
