import assert from 'node:assert/strict'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import { Observer } from '../../../services/master/observer.ts'
import { noMemory } from '../../../services/master/snapshot.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeWorker } from '../../support/fake-workers.ts'

const SEC = 1000

describe('what the master observes', () => {
  it('of a worker whose record moved between the list and its reading is no silence', async () => {
    const clock = new FakeClock()
    const store = new RecordStore({ objects: new MemoryObjects(), clock })
    const worker = new FakeWorker({ store, clock, id: 'wrk_1' })
    await worker.register()
    let afterList = async () => {}
    const observed = {
      get: (key, signal) => store.get(key, signal),
      listHints: async (prefix, options) => {
        const page = await store.listHints(prefix, options)
        await afterList()
        return page
      },
    } as Pick<StateStore, 'get' | 'listHints'> as StateStore
    const observer = new Observer({ store: observed, clock, bootMs: SEC, workMsPerMiB: 500 })
    const silentMs = async () => {
      const fleet = { kind: 'fleet', version: 1, epoch: 1, intents: {} } as never
      const census = {
        number: 1,
        takenAtMs: clock.monotonicMs(),
        census: { queued: [], running: 0, closing: 0, workers: new Map() },
      }
      return (await observer.look({ machines: [], fleet, census }, noMemory)).workers[0]?.silentMs
    }
    // The master has seen the record once, by a list, and could not read it; then the worker is silent for long.
    const reads = observed.get
    observed.get = async () => undefined
    await silentMs()
    observed.get = reads
    await clock.advance(100 * SEC)
    afterList = async () => void (await worker.beat())
    assert.equal(await silentMs(), 0)
  })
})
