import { isoTime } from '#shared/clock.ts'
import { newId } from '#shared/ids.ts'
import { type JobRecord, RECORD_VERSION } from '#shared/jobs/record.ts'

/** A queued job with one input and one output; `over` changes what a test is about. */
export function aJob(over: Partial<JobRecord> = {}): JobRecord {
  const createdMs = Date.parse('2026-01-01T00:00:00Z')
  return {
    kind: 'job',
    version: RECORD_VERSION,
    id: newId('job', createdMs),
    tenant: 'acme',
    createdAt: isoTime(createdMs),
    metadata: {},
    inputs: [{ id: 'in1', source: { uploadId: 'upl_1' }, key: 'in/acme/upl_1/a', sizeBytes: 1000 }],
    outputs: [{ name: 'web-720p', kind: 'file', preset: 'web-720p@1', settings: {} }],
    notify: [],
    status: 'queued',
    fence: 0,
    failures: 0,
    lost: 0,
    interruptions: 0,
    attempts: [],
    warnings: [],
    delivery: { status: 'none', delivered: [], attempts: 0 },
    ...over,
  }
}
