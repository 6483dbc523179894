import assert from 'node:assert/strict'
import { isoTime } from '#shared/clock.ts'
import { newId } from '#shared/ids.ts'
import { jobKey, openHintKey, WORKERS_PREFIX } from '#shared/jobs/keys.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import { defaultJobTimes } from '#shared/jobs/times.ts'
import { silentLog } from '#shared/log.ts'
import type { BellQueue } from '#shared/queue/bell-queue.ts'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { JobFigures } from '../../../services/frontend/rest/metrics/job-figures.ts'
import { aJob } from '../../support/a-job.ts'
import { FakeClock } from '../../support/fake-clock.ts'

describe('the figures of jobs', () => {
  it('count an end that a collection saw which then failed', async () => {
    let areWorkersListed = true
    const clock = new FakeClock()
    const objects = new MemoryObjects({
      fault: ({ verb, key }) =>
        verb === 'list' && key.startsWith(WORKERS_PREFIX) && !areWorkersListed ? 'unavailable' : 'none',
    })
    const store = new RecordStore({ objects, clock, patienceMs: 0 })
    const queue = { depth: async () => 0 } as Pick<BellQueue, 'depth'> as BellQueue
    const figures = new JobFigures({ store, queue, clock, log: silentLog, times: defaultJobTimes })
    const job = aJob({ id: newId('job', clock.now()) })
    await store.putHint(openHintKey(job.tenant, job.id))
    const { found } = await store.create<JobRecord>(jobKey(job.id), job)
    assert.deepEqual((await figures.collect()).ended, [])

    await store.swap<JobRecord>(
      found,
      (current) => ({ ...current, status: 'canceled', endedAt: isoTime(clock.now()) }),
      (current) => current.status === 'canceled',
    )
    areWorkersListed = false
    await assert.rejects(figures.collect())
    areWorkersListed = true
    const [once, twice] = [await figures.collect(), await figures.collect()]
    assert.deepEqual(
      once.ended.map(({ status }) => status),
      ['canceled'],
    )
    assert.deepEqual(twice.ended, [])
  })
})
