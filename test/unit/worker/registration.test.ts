import assert from 'node:assert/strict'
import { hasCode } from '#shared/errors.ts'
import { workerKey } from '#shared/jobs/keys.ts'
import { silentLog } from '#shared/log.ts'
import { type Fault, MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import type { WorkerRecord } from '#shared/workers/worker-record.ts'
import { Registration } from '../../../services/worker/registration.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const work = { leaseId: 'L1', job: 'job_1', tenant: 'acme', task: 'main' }

/** A registered worker that beats every 15 s, and a store that does to writes what `fault` says. */
async function bench() {
  const clock = new FakeClock()
  const struck: { fault: Fault } = { fault: 'none' }
  const objects = new MemoryObjects({ fault: ({ verb }) => (verb === 'write' ? struck.fault : 'none') })
  const store = new RecordStore({ objects, clock, patienceMs: 5_000 })
  const context = { store, clock, log: silentLog }
  const registration = await Registration.create(context, {
    id: 'wrk_1',
    bootId: 'boot',
    static: false,
    host: 'here',
    pid: 1,
    jail: 'none',
    release: 'test',
  })
  const over = new AbortController()
  const beating = registration.beat({ heartbeatMs: 15_000, outOfTouchMs: 60_000 }, over.signal)
  return {
    clock,
    objects,
    struck,
    registration,
    record: async () => (await store.get<WorkerRecord>(workerKey('wrk_1')))?.value,
    /** Asks for something that the store will not answer, and lets time go by until it gives up. */
    async failing(act: () => Promise<unknown>) {
      const outcome = assert.rejects(act(), (error) => hasCode(error, 'store-unavailable'))
      await clock.advance(6_000)
      await outcome
    },
    async stop() {
      over.abort(new Error('the test is over'))
      await beating
    },
  }
}

describe('a registration', () => {
  let worker: Awaited<ReturnType<typeof bench>>
  beforeEach(async () => {
    worker = await bench()
  })
  afterEach(() => worker.stop())

  it('is idle again with the next beat when the store was away as the work was laid down', async () => {
    await worker.registration.takeUp(work)
    worker.struck.fault = 'unavailable'
    await worker.failing(() => worker.registration.layDown())
    worker.struck.fault = 'none'
    assert.equal((await worker.record())?.state, 'busy')
    await worker.clock.advance(15_000)
    const { state, leaseId } = (await worker.record()) ?? {}
    assert.deepEqual({ state, leaseId }, { state: 'idle', leaseId: undefined })
  })

  it('does not stay busy when work that it gave up on is written after all', async () => {
    worker.struck.fault = 'late'
    await worker.failing(() => worker.registration.takeUp(work))
    worker.struck.fault = 'none'
    assert.ok(worker.objects.late[0]?.apply())
    assert.equal((await worker.record())?.leaseId, 'L1')
    assert.equal(await worker.registration.takeUp({ ...work, leaseId: 'L2' }), true, 'it can work')
    assert.equal((await worker.record())?.leaseId, 'L2')
  })

  it('keeps the lease that it works under through its beats', async () => {
    await worker.registration.takeUp(work)
    await worker.clock.advance(45_000)
    assert.equal((await worker.record())?.leaseId, 'L1')
  })
})
