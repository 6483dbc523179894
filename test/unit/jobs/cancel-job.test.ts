import assert from 'node:assert/strict'
import { cancelJob } from '#shared/jobs/cancel-job.ts'
import { jobKey } from '#shared/jobs/keys.ts'
import type { JobRecord, JobTombstone } from '#shared/jobs/record.ts'
import { defaultJobTimes } from '#shared/jobs/times.ts'
import { type Fault, MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { aJob } from '../../support/a-job.ts'
import { FakeClock } from '../../support/fake-clock.ts'

describe('cancelling a job', () => {
  it('that is deleted between the look and the write says that it is gone', async () => {
    const clock = new FakeClock()
    let beforeWrite: (() => Promise<void>) | undefined
    const objects = new MemoryObjects({
      fault: async ({ verb }): Promise<Fault> => {
        if (verb !== 'write') return 'none'
        const once = beforeWrite
        beforeWrite = undefined
        await once?.()
        return 'none'
      },
    })
    const store = new RecordStore({ objects, clock })
    const job = aJob({ status: 'queued' })
    const { found } = await store.create<JobRecord | JobTombstone>(jobKey(job.id), job)
    const { id, tenant } = job
    const tombstone: JobTombstone = { kind: 'tombstone', version: 1, id, tenant, buriedAt: job.createdAt }
    beforeWrite = async () => {
      const buried = await store.swap<JobRecord | JobTombstone>(
        found,
        () => tombstone,
        () => false,
      )
      assert.equal(buried.outcome, 'done')
    }
    await assert.rejects(cancelJob({ store, clock, times: defaultJobTimes }, tenant, id), { code: 'gone' })
  })
})
