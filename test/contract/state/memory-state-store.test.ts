import { systemClock } from '#shared/clock.ts'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { stateStoreSuite } from './state-store-suite.ts'

describe('StateStore in memory', () => {
  stateStoreSuite(async () => ({
    store: new RecordStore({ objects: new MemoryObjects(), clock: systemClock }),
  }))
})
