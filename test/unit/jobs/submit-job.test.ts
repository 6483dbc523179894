import assert from 'node:assert/strict'
import { hasCode } from '#shared/errors.ts'
import { jobKey, OPEN_PREFIX, uploadKey } from '#shared/jobs/keys.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import { type NewJob, type SubmitContext, submitJob } from '#shared/jobs/submit-job.ts'
import { defaultJobTimes } from '#shared/jobs/times.ts'
import type { UploadRecord } from '#shared/jobs/upload-record.ts'
import { silentLog } from '#shared/log.ts'
import type { Bell, BellQueue } from '#shared/queue/bell-queue.ts'
import { type Call, type Fault, MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { aJob } from '../../support/a-job.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const UPLOAD = 'upl_1'

async function open(fault: (call: Call) => Fault = () => 'none') {
  const clock = new FakeClock()
  const calls: Call[] = []
  const objects = new MemoryObjects({
    fault: (call) => {
      calls.push(call)
      return fault(call)
    },
  })
  const store = new RecordStore({ objects, clock, patienceMs: 0 })
  const bells: Bell[] = []
  const queue = { send: async (bell: Bell) => void bells.push(bell) } as Pick<BellQueue, 'send'> as BellQueue
  await store.create<UploadRecord>(uploadKey(UPLOAD), anUpload())
  calls.length = 0
  const context: SubmitContext = { store, queue, clock, log: silentLog, times: defaultJobTimes }
  return { context, objects, store, clock, bells, calls }
}

const anUpload = (): UploadRecord => ({
  kind: 'upload',
  version: 1,
  id: UPLOAD,
  tenant: 'acme',
  state: 'ready',
  createdAt: '2026-01-01T00:00:00.000Z',
  keepUntil: '2026-01-02T00:00:00.000Z',
  metadata: {},
  key: 'in/acme/upl_1/a',
  sizeBytes: 1000,
})

function aRequest(): NewJob {
  const { tenant, metadata, inputs, outputs, notify } = aJob()
  return { tenant, metadata, inputs, outputs, notify, reference: 'order-7' }
}

const jobsIn = (objects: MemoryObjects) =>
  [...objects.snapshot('j/').values()].map((body) => JSON.parse(body) as JobRecord)

describe('submitting a job', () => {
  it('writes a queued record, finds it in every list, and rings', async () => {
    const { context, objects, bells } = await open()
    const { value } = await submitJob(context, aRequest())
    assert.equal(value.status, 'queued')
    assert.equal(value.fence, 0)
    assert.deepEqual(bells, [{ version: 1, jobId: value.id, task: 'main' }])
    const keys = [...objects.snapshot('x/').keys()].map((key) => key.split('/')[1])
    assert.deepEqual(keys.toSorted(), ['all', 'exp', 'exp', 'open', 'ref'])
  })

  it('looks for a record only where a repeat may have written one', async () => {
    const { context, calls } = await open()
    const reads = () => calls.filter(({ verb, key }) => verb === 'read' && key.startsWith('j/')).length
    await submitJob(context, aRequest(), { key: 'k', requestSha256: 'a' })
    assert.equal(reads(), 0)
    await submitJob(context, aRequest(), { key: 'k', requestSha256: 'a' })
    assert.equal(reads(), 1)
  })

  it('keeps the input and writes the hints before the record, so that no crash hides a job (H4)', async () => {
    const { context, calls } = await open()
    await submitJob(context, aRequest())
    const writes = calls
      .filter(({ verb }) => verb === 'write')
      .map(({ key }) => key.split('/').slice(0, 2).join('/'))
    assert.deepEqual(
      writes.map((key) => key.replace(/^[ju]\/.*/, (k) => k[0] ?? '')),
      ['x/exp', 'u', 'x/open', 'x/all', 'x/exp', 'x/ref', 'j'],
    )
  })

  it('keeps the input for as long as a job may live, and a hundredth of it to spare', async () => {
    const { context, store, clock } = await open()
    await submitJob(context, aRequest())
    const upload = await store.get<UploadRecord>(uploadKey(UPLOAD))
    assert.equal(Date.parse(upload?.value.keepUntil ?? ''), clock.now() + defaultJobTimes.jobLifeMs * 1.01)
  })

  it('writes the record of an input once for many jobs, and again when its time runs short', async () => {
    const { context, store, clock, calls } = await open()
    const writes = () => calls.filter(({ verb, key }) => verb === 'write' && key === uploadKey(UPLOAD)).length
    for (let i = 0; i < 10; i++) {
      await clock.advance(1000)
      await submitJob(context, aRequest())
    }
    assert.equal(writes(), 1)
    await clock.advance(defaultJobTimes.jobLifeMs / 50)
    const { value } = await submitJob(context, aRequest())
    assert.equal(writes(), 2)
    const upload = await store.get<UploadRecord>(uploadKey(UPLOAD))
    assert.ok(
      Date.parse(upload?.value.keepUntil ?? '') >= Date.parse(value.createdAt) + defaultJobTimes.jobLifeMs,
    )
  })

  it('gives the same job for the same idempotency key, and rings no more for it', async () => {
    const { context, objects, bells } = await open()
    const claim = { key: 'k1', requestSha256: 'same' }
    const first = await submitJob(context, aRequest(), claim)
    const second = await submitJob(context, aRequest(), claim)
    assert.equal(second.value.id, first.value.id)
    assert.equal(jobsIn(objects).length, 1)
    assert.equal(bells.length, 1)
  })

  it('makes one job of 16 submits with one key at once', async () => {
    const { context, objects } = await open()
    const claim = { key: 'k1', requestSha256: 'same' }
    const answers = await Promise.all(Array.from({ length: 16 }, () => submitJob(context, aRequest(), claim)))
    assert.equal(new Set(answers.map(({ value }) => value.id)).size, 1)
    assert.equal(jobsIn(objects).length, 1)
  })

  it('refuses an idempotency key that stood for another request', async () => {
    const { context, objects } = await open()
    await submitJob(context, aRequest(), { key: 'k1', requestSha256: 'one' })
    await assert.rejects(submitJob(context, aRequest(), { key: 'k1', requestSha256: 'other' }), (error) =>
      hasCode(error, 'idempotency-mismatch'),
    )
    assert.equal(jobsIn(objects).length, 1)
  })

  it('goes on where a crashed submit stopped, whichever write it was', async () => {
    for (let crashAt = 1; crashAt <= 8; crashAt++) {
      let writes = 0
      let crashed = false
      const { context, objects } = await open(({ verb }) => {
        if (crashed || verb !== 'write' || ++writes <= crashAt) return 'none'
        return 'unavailable'
      })
      const claim = { key: 'k1', requestSha256: 'same' }
      await submitJob(context, aRequest(), claim).catch((error: unknown) => {
        assert.ok(hasCode(error, 'store-unavailable'), String(error))
      })
      crashed = true
      const { value } = await submitJob(context, aRequest(), claim)
      assert.equal(jobsIn(objects).length, 1, `crash after write ${crashAt}`)
      assert.ok([...objects.snapshot(OPEN_PREFIX).keys()].some((key) => key.endsWith(value.id)))
    }
  })

  it('is accepted when the queue is away: the sweep will ring', async () => {
    const { context, objects } = await open()
    const deaf = {
      ...context,
      queue: { send: () => Promise.reject(new Error('away')) } as unknown as BellQueue,
    }
    const { value } = await submitJob(deaf, aRequest())
    assert.equal(jobsIn(objects)[0]?.id, value.id)
  })

  it('refuses an input that was deleted, and leaves no job', async () => {
    const { context, store, objects } = await open()
    const found = await store.get(uploadKey(UPLOAD))
    assert.ok(found)
    const tombstone = {
      kind: 'tombstone',
      version: 1,
      id: UPLOAD,
      tenant: 'acme',
      reason: 'deleted',
      buriedAt: '2026-01-01T00:00:00.000Z',
    }
    await store.swap(
      found,
      () => tombstone,
      () => false,
    )
    await assert.rejects(submitJob(context, aRequest()), (error) => hasCode(error, 'gone'))
    assert.equal(jobsIn(objects).length, 0)
  })

  it('does not bring a deleted job back to life when its submit is repeated (H5)', async () => {
    const { context, store, objects } = await open()
    const claim = { key: 'k1', requestSha256: 'same' }
    const first = await submitJob(context, aRequest(), claim)
    const grave = {
      kind: 'tombstone',
      version: 1,
      id: first.value.id,
      tenant: 'acme',
      buriedAt: '2026-01-01T00:00:00.000Z',
    }
    await store.swap(
      first as never,
      () => grave,
      () => false,
    )
    await assert.rejects(submitJob(context, aRequest(), claim), (error) => hasCode(error, 'gone'))
    assert.equal(
      JSON.parse(objects.snapshot(jobKey(first.value.id)).values().next().value ?? '{}').kind,
      'tombstone',
    )
  })
})
