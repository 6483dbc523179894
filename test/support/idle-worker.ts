import { openStores, storesConfig } from '#shared/aws/stores-config.ts'
import { systemClock } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { silentLog } from '#shared/log.ts'
import { FakeWorker } from './fake-workers.ts'

// A worker process that registers, beats and obeys, but takes no job: the queue of a test stays as long as it is.
const config = readConfig(storesConfig, process.env)
const { store } = await openStores(config, { clock: systemClock, log: silentLog })
const worker = new FakeWorker({ store, clock: systemClock, id: process.env.REELMILL_WORKER_ID ?? '' })
if (!(await worker.register())) process.exit(0)
for (;;) {
  const state = await worker.beat()
  if (state !== 'idle' && state !== 'draining') process.exit(0)
  await systemClock.sleep(100)
}
