import assert from 'node:assert/strict'
import { hasCode } from '#shared/errors.ts'
import { deleteJob } from '#shared/jobs/delete-job.ts'
import { allHintKey, expiryHintKey, idempotencyKey, inputKey, jobKey, uploadKey } from '#shared/jobs/keys.ts'
import { listJobs } from '#shared/jobs/list-jobs.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import { retain } from '#shared/jobs/retention.ts'
import { submitJob } from '#shared/jobs/submit-job.ts'
import { defaultJobTimes } from '#shared/jobs/times.ts'
import type { UploadRecord } from '#shared/jobs/upload-record.ts'
import { keepUpload } from '#shared/jobs/uploads.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import { aJob } from '../../support/a-job.ts'
import { jobBench } from '../../support/job-bench.ts'

const DAY = 24 * 3_600_000
const UPLOAD = 'upl_1'

async function withUpload() {
  const bench = jobBench()
  const now = bench.clock.now()
  const keepUntilMs = now + defaultJobTimes.uploadLifeMs
  const key = inputKey('acme', UPLOAD, 'a')
  await bench.store.putHint(expiryHintKey(keepUntilMs, 'upload', UPLOAD))
  await bench.store.create<UploadRecord>(uploadKey(UPLOAD), {
    kind: 'upload',
    version: 1,
    id: UPLOAD,
    tenant: 'acme',
    state: 'ready',
    createdAt: new Date(now).toISOString(),
    keepUntil: new Date(keepUntilMs).toISOString(),
    metadata: {},
    key,
  })
  await bench.media.write(key, Buffer.from('movie'))
  return { ...bench, key }
}

/** Runs retention once a day, as a master would over a long time. */
async function daysGoBy(bench: ReturnType<typeof jobBench>, days: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    await bench.clock.advance(DAY)
    await retain(bench)
  }
}

async function submitted(
  bench: Parameters<typeof submitJob>[0],
  claim?: { key: string; requestSha256: string },
) {
  const { tenant, metadata, inputs, outputs, notify } = aJob({
    inputs: [{ id: 'in1', source: {}, key: 'x' }],
  })
  return submitJob(bench, { tenant, metadata, inputs, outputs, notify, reference: 'order-7' }, claim)
}

const end = (bench: ReturnType<typeof jobBench>, job: Awaited<ReturnType<typeof submitted>>) =>
  bench.store.swap<JobRecord>(
    job,
    (value) => ({
      ...value,
      status: 'failed',
      endedAt: new Date(bench.clock.now()).toISOString(),
      expiresAt: new Date(bench.clock.now() + defaultJobTimes.retentionMs).toISOString(),
    }),
    () => false,
  )

describe('retention of uploads', () => {
  it('deletes the bytes of an upload that no job used, and remembers that it was', async () => {
    const bench = await withUpload()
    await retain(bench)
    assert.deepEqual(bench.media.keys, [bench.key])
    await daysGoBy(bench, 2)
    assert.deepEqual(bench.media.keys, [])
    await assert.rejects(keepUpload(bench.store, UPLOAD, 0), (error) => hasCode(error, 'gone'))
  })

  it('keeps the bytes while a job may need them', async () => {
    const bench = await withUpload()
    await keepUpload(bench.store, UPLOAD, bench.clock.now() + 5 * DAY)
    await daysGoBy(bench, 4)
    assert.deepEqual(bench.media.keys, [bench.key])
    await daysGoBy(bench, 3)
    assert.deepEqual(bench.media.keys, [])
  })

  it('aborts what was begun and never finished', async () => {
    const bench = await withUpload()
    await bench.media.beginMultipart(inputKey('acme', UPLOAD, 'half'))
    await daysGoBy(bench, 2)
    assert.deepEqual(bench.media.unfinished, [])
  })

  it('leaves nothing at all in the end', async () => {
    const bench = await withUpload()
    await daysGoBy(bench, 12)
    assert.equal(bench.objects.snapshot().size, 0)
  })
})

describe('retention of jobs', () => {
  it('keeps an ended job for its time, then buries it and takes it out of the lists', async () => {
    const bench = jobBench()
    const job = await submitted(bench)
    await end(bench, job)
    const key = await bench.putOutput(job.value, 1)
    await daysGoBy(bench, 29)
    assert.deepEqual(bench.media.keys, [key])
    await daysGoBy(bench, 3)
    assert.deepEqual(bench.media.keys, [])
    const listed = await listJobs(bench.store, { tenant: 'acme', limit: 10 })
    assert.deepEqual(listed.items, [])
    assert.equal(
      (await listJobs(bench.store, { tenant: 'acme', reference: 'order-7', limit: 10 })).items.length,
      0,
    )
    assert.equal(JSON.parse(bench.objects.snapshot(job.key).get(job.key) ?? '{}').kind, 'tombstone')
  })

  it('purges the tombstone when no replay can come any more', async () => {
    const bench = jobBench()
    await end(bench, await submitted(bench, { key: 'k', requestSha256: 's' }))
    await bench.sweep.pass()
    await daysGoBy(bench, 42)
    assert.deepEqual([...bench.objects.snapshot().keys()], [])
  })

  it('never touches a job that has not ended', async () => {
    const bench = jobBench()
    const job = await submitted(bench)
    await daysGoBy(bench, 60)
    assert.equal((await bench.job(job)).status, 'queued')
  })

  it('frees an idempotency key after its day', async () => {
    const bench = jobBench()
    await submitted(bench, { key: 'k', requestSha256: 's' })
    const key = idempotencyKey('acme', 'submit-job', 'k')
    assert.ok(bench.objects.snapshot(key).size)
    await daysGoBy(bench, 2)
    assert.equal(bench.objects.snapshot(key).size, 0)
  })
})

describe('deleting a job', () => {
  it('refuses while it has not ended', async () => {
    const bench = jobBench()
    const job = await submitted(bench)
    await assert.rejects(deleteJob(bench, 'acme', job.value.id), (error) => hasCode(error, 'conflict'))
    assert.equal((await bench.job(job)).status, 'queued')
  })

  it('buries an ended one with its outputs, for good', async () => {
    const bench = jobBench()
    const job = await submitted(bench)
    await end(bench, job)
    await bench.putOutput(job.value, 1)
    await deleteJob(bench, 'acme', job.value.id)
    assert.deepEqual(bench.media.keys, [])
    assert.equal(bench.objects.snapshot(allHintKey('acme', job.value.id)).size, 0)
    await assert.rejects(deleteJob(bench, 'acme', job.value.id), (error) => hasCode(error, 'gone'))
    await bench.sweep.pass()
    assert.deepEqual(bench.openHints(), [])
    await daysGoBy(bench, 42)
    assert.equal(bench.objects.snapshot(jobKey(job.value.id)).size, 0)
  })

  it('shows nobody the job of another tenant', async () => {
    const bench = jobBench()
    const job = await submitted(bench)
    await end(bench, job)
    await assert.rejects(deleteJob(bench, 'mallory', job.value.id), (error) => hasCode(error, 'not-found'))
    assert.equal((await bench.job(job)).kind, 'job')
  })
})

describe('what a submit leaves that stops half-way', () => {
  /** A submit whose process dies before its write number `writes` + 1. */
  async function stopsAfter(bench: ReturnType<typeof jobBench>, writes: number): Promise<void> {
    let left = writes
    const died = () => Promise.reject(new Error('it died'))
    const { store } = bench
    const dying: StateStore = {
      get: store.get.bind(store),
      getIfChanged: store.getIfChanged.bind(store),
      create: died,
      swap: died,
      delete: died,
      listHints: store.listHints.bind(store),
      putHint: (key) => (left-- > 0 ? store.putHint(key) : died()),
    }
    await assert.rejects(submitted({ ...bench, store: dying }), /it died/)
  }

  for (const writes of [1, 2, 3, 4]) {
    it(`is gone one day, tombstone and all, when it stops after ${writes} hints`, async () => {
      const bench = jobBench()
      await stopsAfter(bench, writes)
      for (let day = 0; day < 60; day++) {
        await bench.sweep.pass()
        await daysGoBy(bench, 1)
      }
      assert.deepEqual([...bench.objects.snapshot().keys()], [])
    })
  }

  it('leaves no idempotency key that is never forgotten, although its hint was looked at too early', async () => {
    const bench = jobBench()
    const at = idempotencyKey('acme', 'submit-job', 'k1')
    const now = bench.clock.now()
    await bench.store.putHint(expiryHintKey(now, 'idem', at.slice('idem/'.length).replace('/', '~')))
    await retain(bench)
    await bench.store.create(at, {
      version: 1,
      id: 'job_1',
      requestSha256: 'x',
      createdAt: new Date(now).toISOString(),
    })
    await daysGoBy(bench, 5)
    assert.deepEqual([...bench.objects.snapshot().keys()], [])
  })
})
