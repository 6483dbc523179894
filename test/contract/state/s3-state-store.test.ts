import { systemClock } from '#shared/clock.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { S3Objects } from '#shared/state/s3-objects.ts'
import { startTestCloud, type TestCloud } from '../../support/localcloud.ts'
import { stateStoreSuite } from './state-store-suite.ts'

describe('StateStore on S3 (localcloud)', () => {
  let cloud: TestCloud
  before(async () => {
    cloud = await startTestCloud()
  })
  after(() => cloud[Symbol.asyncDispose]())
  stateStoreSuite(async () => ({
    store: new RecordStore({
      objects: new S3Objects({ client: cloud.s3, bucket: 'state' }),
      clock: systemClock,
    }),
  }))
})
