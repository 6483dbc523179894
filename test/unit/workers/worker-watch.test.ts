import assert from 'node:assert/strict'
import { type Fault, MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { WorkerWatch } from '#shared/workers/worker-watch.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeWorker } from '../../support/fake-workers.ts'

const SEC = 1000

describe('watching the workers', () => {
  let clock: FakeClock
  let lists: number
  let answer: Promise<void>
  let watch: WorkerWatch
  let worker: FakeWorker

  beforeEach(async () => {
    clock = new FakeClock()
    lists = 0
    answer = Promise.resolve()
    const objects = new MemoryObjects({
      fault: async ({ verb }): Promise<Fault> => {
        if (verb === 'list') {
          lists++
          await answer
        }
        return 'none'
      },
    })
    const store = new RecordStore({ objects, clock })
    watch = new WorkerWatch({ store, clock })
    worker = new FakeWorker({ store, clock, id: 'wrk_1' })
    await worker.register()
  })

  const silenceMs = async (maxAgeMs: number) => (await watch.recent(maxAgeMs)).get('wrk_1')?.unchangedMs

  it('counts the silence of a worker from the first look that saw its record so', async () => {
    await watch.look()
    await clock.advance(20 * SEC)
    assert.equal((await watch.look()).get('wrk_1')?.unchangedMs, 20 * SEC)
    await worker.beat()
    assert.equal((await watch.look()).get('wrk_1')?.unchangedMs, 0)
  })

  it('counts no silence for the time that an answer is on its way, or its receiver stands still', async () => {
    await watch.look()
    await clock.advance(10 * SEC)
    const { promise, resolve } = Promise.withResolvers<void>()
    answer = promise
    const look = watch.look()
    await clock.advance(100 * SEC)
    resolve()
    assert.equal((await look).get('wrk_1')?.unchangedMs, 10 * SEC)
  })

  it('does not list again for whoever is content with a recent look', async () => {
    await watch.look()
    await clock.advance(5 * SEC)
    await watch.recent(5 * SEC)
    assert.equal(lists, 1)
    await clock.advance(1)
    await watch.recent(5 * SEC)
    assert.equal(lists, 2)
  })

  it('counts no silence after the look that a recent one goes back to', async () => {
    await watch.look()
    await clock.advance(10 * SEC)
    await watch.look()
    await clock.advance(5 * SEC)
    assert.equal(await silenceMs(5 * SEC), 10 * SEC)
  })
})
