import assert from 'node:assert/strict'
import type { JobEventMessage } from '#shared/jobs/notifier.ts'
import type { JobRecord, JobResult } from '#shared/jobs/record.ts'
import { eventBody, eventId, MOST_BYTES } from '#shared/webhooks/event.ts'
import { aJob } from '../../support/a-job.ts'

const message = (job: JobRecord): JobEventMessage => ({
  id: `${job.id}.${job.fence}.job.succeeded`,
  type: 'job.succeeded',
  timestamp: '2026-01-01T00:01:00.000Z',
})
const resultWith = (files: number): JobResult => ({
  fence: 3,
  leaseId: 'lea_1',
  task: 'main',
  manifestSha256: 'x',
  receipt: {},
  outputs: [
    {
      name: 'web-720p',
      status: 'succeeded',
      streams: [],
      checks: [],
      durationSec: 20,
      fileCount: files,
      totalBytes: 1000,
      files: Array.from({ length: files }, (_, i) => ({
        path: `movie-${i}-${'n'.repeat(200)}.mp4`,
        role: 'main',
        contentType: 'video/mp4',
        sizeBytes: 1000,
        sha256: 'a'.repeat(64),
      })),
    },
  ],
})

describe('a webhook event', () => {
  const job = aJob({
    status: 'succeeded',
    fence: 3,
    reference: 'order-7',
    metadata: { color: 'blue' },
    result: resultWith(1),
  })

  it('tells what happened to which job, in the shape of the API', () => {
    const { data, ...event } = JSON.parse(eventBody({ ...job, rev: 5 }, message(job)))
    assert.deepEqual(event, {
      id: eventId(message(job)),
      type: 'job.succeeded',
      timestamp: '2026-01-01T00:01:00.000Z',
      jobId: job.id,
      attempt: 3,
      revision: 5,
    })
    assert.equal(data.status, 'succeeded')
    assert.equal(data.reference, 'order-7')
    assert.deepEqual(data.metadata, { color: 'blue' })
    assert.equal(data.outputs[0].files.length, 1)
    assert.equal(data.truncated, undefined)
  })

  it('has an id of the allowed form, the same for each repeat and another for each attempt', () => {
    assert.match(eventId(message(job)), /^evt_[A-Za-z0-9_]{1,60}$/)
    assert.equal(eventId(message(job)), eventId(message(job)))
    assert.notEqual(eventId(message(job)), eventId(message({ ...job, fence: 4 })))
    assert.ok(eventId(message({ ...job, fence: 999 })).endsWith('999_job_succeeded'))
  })

  it('never has more than 20 kB, and leaves out files before metadata', () => {
    const body = eventBody({ ...job, result: resultWith(100) }, message(job))
    assert.ok(Buffer.byteLength(body) <= MOST_BYTES)
    const { data } = JSON.parse(body)
    assert.equal(data.truncated, true)
    assert.equal(data.outputs[0].files, undefined)
    assert.deepEqual(data.metadata, { color: 'blue' })
  })

  it('leaves out metadata that is too large alone', () => {
    const large = { ...job, metadata: { text: 'ä'.repeat(15_000) } }
    const body = eventBody(large, message(job))
    assert.ok(Buffer.byteLength(body) <= MOST_BYTES)
    assert.equal(JSON.parse(body).data.metadata, undefined)
  })

  it('says at least which job it is when nothing else fits', () => {
    const error = { code: 'encode-failed', message: 'x'.repeat(30_000), retry: 'later' }
    const { data } = JSON.parse(eventBody({ ...job, error }, message(job)))
    assert.deepEqual(data, { id: job.id, status: 'succeeded', truncated: true })
  })
})
