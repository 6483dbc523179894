import assert from 'node:assert/strict'
import { isoTime } from '#shared/clock.ts'
import { jobKey, workerKey } from '#shared/jobs/keys.ts'
import { transition } from '#shared/jobs/transition.ts'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import type { Progress, WorkerRecord } from '#shared/workers/worker-record.ts'
import { JobWatch } from '../../../services/frontend/operations/job-watch.ts'
import { aJob } from '../../support/a-job.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { notingLog } from '../../support/noting-log.ts'

describe('the looks at a watched job', () => {
  const POLL_MS = 100
  const HEARTBEAT_MS = 1_000

  /** How often the job was looked at within the next ten seconds. */
  const looks = async (setting: Parameters<typeof reads>[0]) => (await reads(setting)).ofJob

  /** How often the records of the job and of its worker were read within the next ten seconds. */
  async function reads(setting: {
    progress?: Progress
    waitedMs?: number
    pollMs?: number
    /** Of the frontend, before that of the worker. */
    clockAheadMs?: number
  }) {
    const clock = new FakeClock(Date.parse('2026-01-01T00:00:00Z') + (setting.waitedMs ?? 0))
    const job = aJob()
    const read: string[] = []
    const objects = new MemoryObjects({
      fault: ({ verb, key }) => {
        if (verb === 'read') read.push(key)
        return 'none'
      },
    })
    const store = new RecordStore({ objects, clock })
    const lease = { type: 'lease', leaseId: 'lea_1', worker: 'wrk_1', at: clock.now() } as const
    await store.create(jobKey(job.id), (setting.progress && transition(job, lease)) ?? job)
    if (setting.progress)
      await store.create(
        workerKey('wrk_1'),
        busyWith(setting.progress, isoTime(clock.now() - (setting.clockAheadMs ?? 0))),
      )
    const log = notingLog(({ message }) => assert.fail(message))
    const watch = new JobWatch({
      ...{ store, clock, log },
      pollMs: setting.pollMs ?? POLL_MS,
      heartbeatMs: HEARTBEAT_MS,
    })
    const viewer = watch.follow(job.id, new AbortController().signal)
    await viewer.next()
    read.length = 0
    await clock.advance(10_000)
    await viewer.return(undefined)
    const times = (wanted: string) => read.filter((key) => key === wanted).length
    return { ofJob: times(jobKey(job.id)), ofWorker: times(workerKey('wrk_1')) }
  }

  it('are two seconds apart while the end of its encode is far', async () => {
    assert.equal(await looks({ progress: { phase: 'encode', ratio: 0.1, etaSec: 600 } }), 5)
  })

  it('come closer as its end does, by what its worker has said', async () => {
    const beforeAndAfter = await looks({ progress: { phase: 'encode', ratio: 0.9, etaSec: 5 } })
    assert.ok(
      beforeAndAfter > 55 && beforeAndAfter < 70,
      `${beforeAndAfter} looks, of them 50 after its end was due`,
    )
    assert.equal(
      await looks({ progress: { phase: 'encode', ratio: 0.9, etaSec: 5 }, clockAheadMs: -60_000 }),
      8,
    )
    assert.equal(await looks({ progress: { phase: 'encode', ratio: 0.99, etaSec: 0.3 } }), 100)
    assert.equal(await looks({ progress: { phase: 'verify', ratio: 1 } }), 100)
  })

  it('read what its worker says twice in a heartbeat, since it says nothing between two', async () => {
    assert.deepEqual(await reads({ progress: { phase: 'upload' } }), { ofJob: 100, ofWorker: 20 })
    const seldom = await reads({ progress: { phase: 'upload' }, pollMs: 5_000 })
    assert.deepEqual(seldom, { ofJob: 2, ofWorker: 2 })
  })

  it('are frequent when it was just submitted, and two seconds apart when it has waited for long', async () => {
    const first = await looks({})
    assert.ok(first > 10 && first < 30, `${first} looks`)
    assert.equal(await looks({ waitedMs: 60_000 }), 5)
  })

  it('are never more frequent than configured, nor less where that is seldom', async () => {
    assert.equal(await looks({ progress: { phase: 'encode', etaSec: 600 }, pollMs: 5_000 }), 2)
    assert.equal(await looks({ progress: { phase: 'upload' }, pollMs: 5_000 }), 2)
  })
})

const busyWith = (progress: Progress, at: string): WorkerRecord => ({
  ...{ kind: 'worker', version: 1, id: 'wrk_1', bootId: 'boot', static: false, state: 'busy', seq: 1 },
  ...{ startedAt: at, heartbeatAt: at, host: 'host', leaseId: 'lea_1', progress },
})
