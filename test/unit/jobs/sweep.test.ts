import assert from 'node:assert/strict'
import { openHintKey } from '#shared/jobs/keys.ts'
import type { DeliveryAnswer } from '#shared/jobs/notifier.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import { defaultJobTimes } from '#shared/jobs/times.ts'
import { transition } from '#shared/jobs/transition.ts'
import { aJob } from '../../support/a-job.ts'
import { jobBench } from '../../support/job-bench.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

function succeeded(over: Partial<JobRecord> = {}): JobRecord {
  const queued = aJob(over)
  const running = transition(queued, {
    type: 'lease',
    leaseId: 'L1',
    worker: 'wrk_1',
    at: Date.parse(queued.createdAt),
  })
  const result = { fence: 1, leaseId: 'L1', task: 'main', outputs: [], manifestSha256: 'x', receipt: {} }
  const at = Date.parse(queued.createdAt)
  const ended =
    running &&
    transition(running, {
      type: 'succeed',
      leaseId: 'L1',
      result,
      warnings: [],
      at,
      expiresAt: at + 30 * DAY,
    })
  assert.ok(ended)
  return ended
}

async function sweepAndTell(bench: ReturnType<typeof jobBench>): Promise<void> {
  await bench.sweep.pass()
  await bench.sweep.told()
}

const webhook = { kind: 'webhook' as const, url: 'https://example.com/hook', events: ['job.succeeded'] }

describe('the sweep over a queued job', () => {
  it('does not ring for one that was rung just now', async () => {
    const bench = jobBench()
    await bench.addJob()
    const census = await bench.sweep.pass()
    assert.equal(census.queued.length, 1)
    assert.deepEqual(await bench.bells(), [])
  })

  it('rings again within seconds when the queue holds no bell at all', async () => {
    const bench = jobBench()
    const job = await bench.addJob()
    await bench.sweep.pass()
    await bench.clock.advance(6 * SECOND)
    await bench.sweep.pass()
    assert.deepEqual(await bench.bells(), [job.value.id])
  })

  it('rings once a minute while other bells wait, and not faster', async () => {
    const bench = jobBench()
    const job = await bench.addJob()
    await bench.queue.send({ version: 1, jobId: 'job_other', task: 'main' })
    for (let second = 0; second < 130; second += 10) {
      await bench.clock.advance(10 * SECOND)
      await bench.sweep.pass()
    }
    assert.equal((await bench.bells()).filter((id) => id === job.value.id).length, 2)
  })

  it('rings at once for what waited before it started', async () => {
    const bench = jobBench()
    const job = await bench.addJob()
    await bench.clock.advance(10 * MINUTE)
    await bench.newSweep().pass()
    assert.deepEqual(await bench.bells(), [job.value.id])
  })

  it('leaves a deep queue alone', async () => {
    const bench = jobBench()
    await bench.addJob()
    for (let i = 0; i < 101; i++) await bench.queue.send({ version: 1, jobId: 'job_other', task: 'main' })
    await bench.clock.advance(10 * MINUTE)
    await bench.newSweep().pass()
    assert.equal(await bench.queue.depth(), 101)
  })

  it('fails one that waited longer than a job may live', async () => {
    const bench = jobBench()
    const job = await bench.addJob()
    await bench.clock.advance(defaultJobTimes.jobLifeMs + 1)
    await bench.sweep.pass()
    const after = await bench.job(job)
    assert.equal(after.status, 'failed')
    assert.equal(after.error?.code, 'job-timeout')
  })
})

describe('the sweep over a running job', () => {
  it('leaves one alone whose worker beats', async () => {
    const bench = jobBench()
    const { job, worker } = await bench.addRunning()
    for (let i = 0; i < 10; i++) {
      await bench.sweep.pass()
      await bench.clock.advance(30 * SECOND)
      await bench.beat(worker)
    }
    assert.equal((await bench.job(job)).status, 'running')
  })

  it('expires one whose worker has been silent for the lease time, and rings', async () => {
    const bench = jobBench()
    const { job } = await bench.addRunning()
    await bench.sweep.pass()
    await bench.clock.advance(59 * SECOND)
    await bench.sweep.pass()
    assert.equal((await bench.job(job)).status, 'running')
    await bench.clock.advance(1 * SECOND)
    await bench.sweep.pass()
    const after = await bench.job(job)
    assert.equal(after.status, 'queued')
    assert.equal(after.lost, 1)
    assert.deepEqual(await bench.bells(), [job.value.id])
  })

  it('judges silence on its own clock: a sweep that just started has heard nothing for 0 s', async () => {
    const bench = jobBench()
    const { job } = await bench.addRunning()
    await bench.clock.advance(10 * MINUTE)
    await bench.newSweep().pass()
    assert.equal((await bench.job(job)).status, 'running')
  })

  it('is not fooled when the wall clock jumps', async () => {
    const bench = jobBench()
    const { job } = await bench.addRunning()
    await bench.sweep.pass()
    bench.clock.jumpWall(60 * MINUTE)
    await bench.sweep.pass()
    assert.equal((await bench.job(job)).status, 'running')
  })

  for (const [why, worker] of [
    ['is condemned', { state: 'condemned' }],
    ['is drained', { state: 'drained' }],
    ['lists another lease (H3)', { leaseId: 'L2' }],
    ['is idle', { state: 'idle', leaseId: undefined }],
  ] as const) {
    it(`expires one at once whose worker ${why}`, async () => {
      const bench = jobBench()
      const { job } = await bench.addRunning({}, worker as object)
      await bench.sweep.pass()
      assert.equal((await bench.job(job)).status, 'queued')
    })
  }

  it('expires one at once whose worker has no record', async () => {
    const bench = jobBench()
    const { job, worker } = await bench.addRunning()
    await bench.store.delete(worker.key)
    await bench.sweep.pass()
    assert.equal((await bench.job(job)).status, 'queued')
  })

  it('fails one at the third silent loss', async () => {
    const bench = jobBench()
    const { job } = await bench.addRunning({ lost: 2 }, { state: 'condemned' })
    await bench.sweep.pass()
    assert.equal((await bench.job(job)).error?.code, 'worker-lost')
    assert.deepEqual(await bench.bells(), [])
  })

  it('cancels one whose client wished so, instead of queueing it again', async () => {
    const bench = jobBench()
    const { job } = await bench.addRunning({}, { state: 'condemned' })
    await bench.store.swap(
      job,
      (value) => ({ ...value, cancelRequestedAt: '2026-01-01T00:00:00.000Z' }),
      () => false,
    )
    await bench.sweep.pass()
    assert.equal((await bench.job(job)).status, 'canceled')
  })
})

describe('the sweep over an ended job', () => {
  it('deletes what losing attempts left, keeps what was published, and closes', async () => {
    const bench = jobBench()
    const job = await bench.addJob(succeeded({ fence: 0 }))
    const published = await bench.putOutput(job.value, 1)
    await bench.putOutput(job.value, 7)
    await bench.media.beginMultipart(`out/${job.value.tenant}/${job.value.id}/main/7/web-720p/half.mp4`)
    await bench.sweep.pass()
    assert.deepEqual(bench.media.keys, [published])
    assert.deepEqual(bench.media.unfinished, [])
    assert.deepEqual(bench.openHints(), [])
  })

  it('tells its webhook once, with an id that never changes, then closes', async () => {
    const bench = jobBench()
    const job = await bench.addJob(succeeded({ notify: [webhook] }))
    await sweepAndTell(bench)
    await sweepAndTell(bench)
    assert.deepEqual(
      bench.told.map(({ url, event }) => [url, event.id]),
      [[webhook.url, `${job.value.id}.1.job.succeeded`]],
    )
    assert.equal((await bench.job(job)).delivery.status, 'delivered')
    assert.deepEqual(bench.openHints(), [])
  })

  it('tries a webhook again on its schedule and gives up at its end', async () => {
    const failed = { outcome: 'failed', reason: 'it answered 500' } as const
    const bench = jobBench([failed, failed, failed])
    const job = await bench.addJob(succeeded({ notify: [webhook] }))
    for (let minute = 0; minute <= 4; minute++) {
      await sweepAndTell(bench)
      await sweepAndTell(bench)
      await bench.clock.advance(MINUTE)
    }
    assert.equal(bench.told.length, 3)
    assert.equal(new Set(bench.told.map(({ event }) => event.id)).size, 1)
    const { delivery } = await bench.job(job)
    assert.equal(delivery.status, 'failed')
    assert.match(delivery.error ?? '', /it answered 500/)
    assert.deepEqual(bench.openHints(), [])
  })

  it('does not tell again those who have heard', async () => {
    const other = { ...webhook, url: 'https://example.org/other' }
    const bench = jobBench([{ outcome: 'delivered' }, { outcome: 'failed', reason: 'away' }])
    await bench.addJob(succeeded({ notify: [webhook, other] }))
    await sweepAndTell(bench)
    await bench.clock.advance(MINUTE)
    await sweepAndTell(bench)
    assert.deepEqual(
      bench.told.map(({ url }) => url),
      [webhook.url, other.url, other.url],
    )
  })
})

describe('the sweep beside a receiver that hangs', () => {
  it('rings and expires as ever, and tells each job once', async () => {
    const answer = Promise.withResolvers<DeliveryAnswer>()
    const bench = jobBench([answer.promise])
    await bench.addJob(succeeded({ notify: [webhook] }))
    await bench.sweep.pass()
    const { job } = await bench.addRunning({}, { state: 'condemned' })
    await bench.sweep.pass()
    assert.equal((await bench.job(job)).status, 'queued')
    assert.equal(bench.told.length, 1)
    answer.resolve({ outcome: 'delivered' })
    await bench.sweep.told()
    assert.equal(bench.openHints().length, 1, 'the told job is closed')
  })
})

describe('the sweep over a hint without a record', () => {
  it('waits, then occupies the place, then deletes the hint (H4, H5)', async () => {
    const bench = jobBench()
    const { id, tenant } = aJob()
    await bench.store.putHint(openHintKey(tenant, id))
    await bench.sweep.pass()
    assert.equal(bench.objects.snapshot('j/').size, 0)
    await bench.clock.advance(defaultJobTimes.orphanHintMs)
    await bench.sweep.pass()
    assert.equal(JSON.parse([...bench.objects.snapshot('j/').values()][0] ?? '{}').kind, 'tombstone')
    await bench.sweep.pass()
    assert.deepEqual(bench.openHints(), [])
  })

  it('leaves a record alone that a newer Reelmill wrote', async () => {
    const bench = jobBench()
    const job = aJob({ version: 2 as 1, status: 'paused' as 'queued' })
    await bench.addJob(job)
    await bench.clock.advance(30 * DAY)
    await bench.sweep.pass()
    assert.equal(bench.openHints().length, 1)
    assert.equal(JSON.parse([...bench.objects.snapshot('j/').values()][0] ?? '{}').rev, 1)
  })
})
