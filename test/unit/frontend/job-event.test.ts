import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { JobRecord } from '#shared/jobs/record.ts'
import { type JobEvent, transition } from '#shared/jobs/transition.ts'
import {
  isLater,
  momentId,
  momentOf,
  parseMomentId,
} from '../../../services/frontend/operations/job-event.ts'
import { aJob } from '../../support/a-job.ts'

describe('the order of events', () => {
  const seen = (value: JobRecord) => ({
    found: { key: '', etag: '', value: { ...value, rev: 1, writeId: 'w' } },
  })

  it('only goes forward, whatever happens to a job', () => {
    const kinds = ['lease', 'fail', 'interrupt', 'expire', 'cancel', 'stop', 'succeed', 'deliver'] as const
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...kinds), { maxLength: 30 }), (steps) => {
        let job = aJob({ notify: [{ kind: 'webhook', url: 'https://a.example', events: ['job.failed'] }] })
        for (const [index, kind] of steps.entries()) {
          const next = transition(job, eventOf(kind, job, index))
          if (!next) continue
          const [before, after] = [momentOf(seen(job)), momentOf(seen(next))]
          const isSameState = next.status === job.status && next.fence === job.fence
          if (isSameState) assert.ok(!isLater(before, after))
          else assert.ok(isLater(after, before), `${momentId(before)} ${kind} ${momentId(after)}`)
          job = next
        }
      }),
    )
  })

  it('survives being the id of an event', () => {
    const moment = { fence: 12, rank: 1, seq: 345 }
    assert.deepEqual(parseMomentId(momentId(moment)), moment)
    for (const id of ['', '1.2', '1.2.3.4', 'a.b.c', '-1.0.0', '1.10.0'])
      assert.equal(parseMomentId(id), undefined)
  })

  function eventOf(kind: string, job: JobRecord, index: number): JobEvent {
    const leaseId = job.lease?.id ?? `lea_${index}`
    const base = { at: index, expiresAt: index + 1, leaseId, worker: 'wrk_1', warnings: [] }
    const error = { code: 'encode-stalled', message: 'x', retry: 'later' }
    const result = { fence: job.fence, leaseId, task: 'main', outputs: [], manifestSha256: '', receipt: {} }
    const delivery = { status: 'delivered', delivered: [0], attempts: 1 }
    return { ...base, type: kind, error, result, delivery } as unknown as JobEvent
  }
})
