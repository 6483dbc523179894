import assert from 'node:assert/strict'
import type { JobRecord, JobResult } from '#shared/jobs/record.ts'
import { defaultRetryPolicy, type JobEvent, transition } from '#shared/jobs/transition.ts'
import { aJob } from '../../support/a-job.ts'

const at = Date.parse('2026-01-01T00:00:00Z')
const expiresAt = at + 1000
const error = (retry: string) => ({ code: 'encode-failed', message: 'ffmpeg failed', retry })
const result: JobResult = {
  fence: 1,
  leaseId: 'L1',
  task: 'main',
  outputs: [],
  manifestSha256: 'x',
  receipt: {},
}
const lease: JobEvent = { type: 'lease', leaseId: 'L1', worker: 'wrk_1', at }
const succeed: JobEvent = { type: 'succeed', leaseId: 'L1', result, warnings: [], at, expiresAt }
const fail = (retry = 'later'): JobEvent => ({
  type: 'fail',
  leaseId: 'L1',
  error: error(retry),
  at,
  expiresAt,
})
const interrupt: JobEvent = { type: 'interrupt', leaseId: 'L1', at, expiresAt }
const expire: JobEvent = { type: 'expire', leaseId: 'L1', at, expiresAt }
const stop: JobEvent = { type: 'stop', leaseId: 'L1', at, expiresAt }
const cancel: JobEvent = { type: 'cancel', at, expiresAt }
const timeOut: JobEvent = { type: 'time-out', at, expiresAt }

const queued = (over: Partial<JobRecord> = {}) => aJob({ status: 'queued', ...over })
const running = (over: Partial<JobRecord> = {}) => must(transition(queued(over), lease))
const must = (job: JobRecord | undefined): JobRecord => {
  assert.ok(job, 'the transition is legal')
  return job
}

describe('transition of a job', () => {
  it('gives a queued job the next fence and a lease', () => {
    const job = running({ fence: 4 })
    assert.equal(job.status, 'running')
    assert.equal(job.fence, 5)
    assert.deepEqual(job.lease, { id: 'L1', worker: 'wrk_1', since: '2026-01-01T00:00:00.000Z' })
    assert.deepEqual(job.attempts.at(-1), {
      number: 5,
      worker: 'wrk_1',
      startedAt: '2026-01-01T00:00:00.000Z',
    })
  })

  it('publishes a result and gives up the lease', () => {
    const job = must(transition(running(), succeed))
    assert.equal(job.status, 'succeeded')
    assert.deepEqual(job.result, result)
    assert.equal(job.lease, undefined)
    assert.equal(job.attempts[0]?.outcome, 'succeeded')
    assert.equal(job.endedAt, '2026-01-01T00:00:00.000Z')
    assert.equal(job.expiresAt, '2026-01-01T00:00:01.000Z')
  })

  it('tries a failure again while that may help and attempts are left', () => {
    const once = must(transition(running(), fail()))
    assert.equal(once.status, 'queued')
    assert.equal(once.lease, undefined)
    const again = must(transition(once, lease))
    const twice = must(transition(again, fail()))
    assert.equal(twice.status, 'failed')
    assert.equal(twice.error?.code, 'encode-failed')
    assert.equal(twice.attempts.length, 2)
  })

  it('fails at once when trying again cannot help', () => {
    for (const retry of ['never', 'changed']) {
      assert.equal(must(transition(running(), fail(retry))).status, 'failed')
    }
  })

  it('queues an interrupted job again, at most twenty times', () => {
    const job = must(transition(running(), interrupt))
    assert.equal(job.status, 'queued')
    assert.equal(job.interruptions, 1)
    assert.equal(job.failures + job.lost, 0)
    const last = must(transition(running({ interruptions: 19 }), interrupt))
    assert.equal(last.status, 'failed')
    assert.equal(last.error?.code, 'too-many-interruptions')
  })

  it('queues a lost job again, and fails it at the third silent loss', () => {
    assert.equal(must(transition(running({ lost: 1 }), expire)).status, 'queued')
    const third = must(transition(running({ lost: 2 }), expire))
    assert.equal(third.status, 'failed')
    assert.equal(third.error?.code, 'worker-lost')
    assert.equal(third.attempts[0]?.outcome, 'lost')
  })

  it('cancels a queued job at once', () => {
    const job = must(transition(queued(), cancel))
    assert.equal(job.status, 'canceled')
    assert.equal(job.endedAt, '2026-01-01T00:00:00.000Z')
  })

  it('leaves a wish in a running job, once', () => {
    const wished = must(transition(running(), cancel))
    assert.equal(wished.status, 'running')
    assert.equal(wished.cancelRequestedAt, '2026-01-01T00:00:00.000Z')
    assert.equal(transition(wished, cancel), undefined)
  })

  it('honours the wish whatever ends the attempt, and never queues the job again', () => {
    const wished = must(transition(running(), cancel))
    for (const event of [succeed, fail('later'), fail('never'), interrupt, expire, stop]) {
      const job = must(transition(wished, event))
      assert.equal(job.status, 'canceled', event.type)
      assert.equal(job.result, undefined, event.type)
    }
  })

  it('lets a worker stop only where the client wished so', () => {
    assert.equal(transition(running(), stop), undefined)
  })

  it('knows nobody whose lease is not in the record', () => {
    for (const event of [succeed, fail(), interrupt, expire, stop]) {
      assert.equal(transition(running(), { ...event, leaseId: 'L0' } as JobEvent), undefined, event.type)
      assert.equal(transition(queued(), event), undefined, event.type)
    }
  })

  it('does not lease what is not queued', () => {
    assert.equal(transition(running(), { ...lease, leaseId: 'L2' } as JobEvent), undefined)
  })

  it('fails a job that waited too long, but never a running one', () => {
    assert.equal(must(transition(queued(), timeOut)).error?.code, 'job-timeout')
    assert.equal(transition(running(), timeOut), undefined)
  })

  it('absorbs everything but the delivery of its news once it has ended', () => {
    const ended = must(transition(running(), succeed))
    for (const event of [lease, succeed, fail(), interrupt, expire, stop, cancel, timeOut]) {
      assert.equal(transition(ended, event), undefined, event.type)
    }
    const delivery = { status: 'delivered', delivered: [0], attempts: 1 }
    assert.deepEqual(must(transition(ended, { type: 'deliver', delivery, at })).delivery, delivery)
    assert.equal(transition(queued(), { type: 'deliver', delivery, at }), undefined)
  })

  it('makes nothing of what was deleted meanwhile', () => {
    const tombstone = {
      kind: 'tombstone',
      version: 1,
      id: 'job_1',
      tenant: 'acme',
      buriedAt: '2026',
    } as const
    const delivery = { status: 'delivered', delivered: [0], attempts: 1 }
    const deliver: JobEvent = { type: 'deliver', delivery, at }
    for (const event of [lease, succeed, fail(), interrupt, expire, stop, cancel, timeOut, deliver]) {
      assert.equal(transition(tombstone, event), undefined, event.type)
    }
  })

  it('owes its news only to those who asked for this ending', () => {
    const notify = [{ kind: 'webhook' as const, url: 'https://example.com/', events: ['job.failed'] }]
    assert.equal(must(transition(running({ notify }), succeed)).delivery.status, 'none')
    assert.equal(must(transition(running({ notify }), fail('never'))).delivery.status, 'pending')
  })

  it('keeps fields that it does not know', () => {
    const future = { ...running(), ofTheFuture: { deep: true } } as JobRecord
    const after = must(transition(future, expire)) as JobRecord & { ofTheFuture?: unknown }
    assert.deepEqual(after.ofTheFuture, { deep: true })
  })

  it('bounds the attempts that a record can list', () => {
    const { maxAttempts, maxLost, maxInterruptions } = defaultRetryPolicy
    let job = queued()
    let events = 0
    for (const event of [interrupt, fail(), expire]) {
      for (;;) {
        const leased = transition(job, lease)
        if (!leased) break
        job = must(transition(leased, event))
        events++
        if (event.type === 'fail' && job.failures === maxAttempts - 1) break
        if (event.type === 'interrupt' && job.interruptions === maxInterruptions - 1) break
      }
    }
    assert.equal(job.status, 'failed')
    assert.ok(events <= maxAttempts + maxLost + maxInterruptions)
    assert.equal(job.attempts.length, events)
  })
})
