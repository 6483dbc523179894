import assert from 'node:assert/strict'
import { hasCode } from '#shared/errors.ts'
import { openHintKey } from '#shared/jobs/keys.ts'
import { type Fault, MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { OpenJobQuota } from '../../../services/frontend/operations/open-job-quota.ts'
import { FakeClock } from '../../support/fake-clock.ts'

describe('the quota of open jobs', () => {
  it('gives the last place to one of those who ask at once', async () => {
    let lists = 0
    const clock = new FakeClock()
    const objects = new MemoryObjects({
      fault: async ({ verb }): Promise<Fault> => {
        // Whoever got the place has put the hint of its job by the second count.
        if (verb === 'list' && ++lists === 2) await store.putHint(openHintKey('acme', 'job_2'))
        return 'none'
      },
    })
    const store = new RecordStore({ objects, clock })
    await store.putHint(openHintKey('acme', 'job_1'))
    const quota = new OpenJobQuota({ store, clock }, 2)
    const asked = Array.from({ length: 20 }, () => quota.take({ tenant: 'acme' }))
    const answers = await Promise.allSettled(asked)
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const answer of answers) {
      if (answer.status === 'rejected') assert.ok(hasCode(answer.reason, 'quota-exceeded'), answer.reason)
    }
    assert.equal(lists, 2, 'all the others share one more count')
  })
})
