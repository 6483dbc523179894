import assert from 'node:assert/strict'
import type { FleetRecord } from '#shared/fleet/fleet-record.ts'
import { FLEET_KEY } from '#shared/jobs/keys.ts'
import type { DeliveryAnswer } from '#shared/jobs/notifier.ts'
import { Sweep } from '#shared/jobs/sweep.ts'
import { MemoryBellQueue } from '#shared/queue/memory-bell-queue.ts'
import { Fleet } from '../../../services/master/fleet.ts'
import { Master } from '../../../services/master/master.ts'
import { MasterLease } from '../../../services/master/master-lease.ts'
import { Observer } from '../../../services/master/observer.ts'
import { FakeDriver } from '../../support/fake-driver.ts'
import { FakeWorker } from '../../support/fake-workers.ts'
import { jobBench } from '../../support/job-bench.ts'

const SEC = 1000

describe('the loops of the master', () => {
  let stop: AbortController
  let running: Promise<void>

  beforeEach(() => {
    stop = new AbortController()
    running = Promise.resolve()
  })
  afterEach(async () => {
    stop.abort(new Error('the test is over'))
    await running
  })

  function bench(over: { minWorkers?: number; deliver?: () => Promise<DeliveryAnswer> } = {}) {
    const shared = jobBench()
    const { store, clock, log } = shared
    const asked = { depths: 0, passes: 0, tidies: 0 }
    const queue = new MemoryBellQueue({
      clock,
      faults: {
        onRequest: (verb) => {
          if (verb === 'depth') asked.depths++
        },
      },
    })
    const workers: FakeWorker[] = []
    const driver = new FakeDriver({ onStart: (id) => workers.push(new FakeWorker({ store, clock, id })) })
    const lease = new MasterLease({
      store,
      clock,
      log,
      masterId: 'mst_1',
      times: { renewMs: 10 * SEC, takeOverMs: 30 * SEC },
    })
    const observer = new Observer({ store, clock, bootMs: SEC, workMsPerMiB: 500 })
    const fleet = new Fleet({
      store,
      clock,
      log,
      driver,
      lease,
      observer,
      policy: {
        minWorkers: over.minWorkers ?? 0,
        maxWorkers: 2,
        waitSloMs: 10 * SEC,
        keepIdleMs: 10 * SEC,
        leaseMs: 60 * SEC,
        bootDeadlineMs: 60 * SEC,
        provenMs: 30 * SEC,
        keepRecordsMs: 3600 * SEC,
        staleCensusMs: 15 * SEC,
        unknownRemainingMs: 60 * SEC,
      },
      onLoss: () => master.wakeSweep(),
    })
    const notifier = { ...shared.notifier, ...(over.deliver && { deliver: over.deliver }) }
    const sweep = new Sweep({
      ...shared,
      queue,
      notifier,
      lookAtWorkers: (signal) => observer.recentWorkers(5 * SEC, signal),
    })
    const master: Master = new Master({
      sweep: {
        pass: (signal) => {
          asked.passes++
          return sweep.pass(signal)
        },
      },
      tidy: async () => {
        asked.tidies++
      },
      queue,
      fleet,
      lease,
      driver,
      clock,
      log,
      times: { busyMs: 5 * SEC, idleMs: 30 * SEC, tidyMs: 600 * SEC, leaseMs: 2.5 * SEC },
    })
    running = master.run(stop.signal)
    const intents = async () => Object.keys((await store.get<FleetRecord>(FLEET_KEY))?.value.intents ?? {})
    return { ...shared, queue, driver, asked, workers, intents }
  }

  it('look at everything seldom while there is nothing to do, and ask only the queue in between', async () => {
    const { clock, asked } = bench()
    await clock.advance(10 * SEC)
    asked.passes = asked.depths = 0
    await clock.advance(300 * SEC)
    assert.equal(asked.passes, 10)
    assert.ok(asked.depths >= 50, `asked the queue ${asked.depths} times`)
  })

  it('see a new job at the next look at the queue', async () => {
    const { clock, driver, addJob, queue } = bench()
    await clock.advance(60 * SEC)
    const job = await addJob()
    await queue.send({ version: 1, jobId: job.value.id, task: 'main' })
    await clock.advance(5 * SEC)
    assert.equal(driver.alive.length, 1)
  })

  it('have the first job of all launch a worker without waiting for a tick', async () => {
    const { clock, driver, addJob } = bench({ minWorkers: 1 })
    await addJob()
    await clock.advance(0)
    assert.equal(driver.alive.length, 1)
  })

  it('replace a worker at once when the driver sees its exit', async () => {
    const { clock, driver, workers } = bench({ minWorkers: 1 })
    await clock.advance(0)
    for (const worker of workers) await worker.register()
    await clock.advance(60 * SEC)
    const [id] = driver.alive
    assert.ok(id)
    driver.die(id)
    await clock.advance(SEC)
    assert.equal(driver.alive.length, 1)
    assert.ok(!driver.alive.includes(id))
  })

  it('queue the job of a worker again at once when the driver saw its exit', async () => {
    const { clock, driver, workers, addJob, job } = bench({ minWorkers: 1 })
    await clock.advance(0)
    const [worker] = workers
    assert.ok(worker)
    await worker.register()
    await clock.advance(6 * SEC)
    const lease = { id: 'lea_1', worker: worker.id, since: '2026-01-01T00:00:00.000Z' }
    const attempt = { number: 1, worker: worker.id, startedAt: lease.since }
    const found = await addJob({ status: 'running', fence: 1, lease, attempts: [attempt] })
    await worker.takeUp(found.value.id, 'lea_1')
    await clock.advance(6 * SEC)
    assert.equal((await job(found)).status, 'running')
    driver.die(worker.id)
    await clock.advance(SEC)
    assert.equal((await job(found)).status, 'queued')
  })

  it('keep the fleet going while a webhook hangs', async () => {
    const hangs = Promise.withResolvers<DeliveryAnswer>()
    const { clock, driver, addJob, intents } = bench({ minWorkers: 1, deliver: () => hangs.promise })
    await clock.advance(0)
    await addJob({
      status: 'succeeded',
      notify: [{ kind: 'webhook', url: 'https://slow.test/', events: ['job.succeeded'] }],
      delivery: { status: 'pending', delivered: [], attempts: 0 },
    })
    await clock.advance(60 * SEC)
    const [id] = driver.alive
    assert.ok(id)
    driver.die(id)
    await clock.advance(10 * SEC)
    assert.ok(!driver.alive.includes(id))
    assert.deepEqual(await intents(), driver.alive)
    hangs.resolve({ outcome: 'delivered' })
  })

  it('tidy up at a low rate', async () => {
    const { clock, asked } = bench()
    await clock.advance(1801 * SEC)
    assert.equal(asked.tidies, 4)
  })
})
