import assert from 'node:assert/strict'
import { jobKey, openHintKey } from '#shared/jobs/keys.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import { problemIn, startTestFrontend, type TestFrontend } from '../../support/frontend.ts'

describe('metrics', () => {
  const metrics = async (frontend: TestFrontend) => await (await frontend.call('GET', '/metrics')).text()

  it('count open jobs, workers, requests, and the ends of jobs', async () => {
    await using frontend = await startTestFrontend()
    const ended = await frontend.submit()
    await frontend.submit()
    await frontend.beat({ id: 'wrk_1', state: 'busy', progress: { phase: 'encode', realtimeFactor: 2.5 } })
    const before = await metrics(frontend)
    assert.match(before, /^reelmill_jobs\{status="queued"\} 2$/m)
    assert.match(before, /^reelmill_queue_depth 2$/m)
    assert.match(before, /^reelmill_workers\{state="busy"\} 1$/m)
    assert.match(before, /^reelmill_worker_realtime_factor\{worker="wrk_1"\} 2.5$/m)
    assert.match(before, /^reelmill_queue_oldest_age_seconds \d/m)
    await frontend.succeed(ended)
    const after = await metrics(frontend)
    assert.match(after, /^reelmill_jobs\{status="queued"\} 1$/m)
    assert.match(after, /^reelmill_jobs\{status="closing"\} 1$/m)
    assert.match(after, /^reelmill_jobs_ended_total\{status="succeeded"\} 1$/m)
    assert.match(after, /^reelmill_encode_seconds_sum 2$/m)
    assert.match(after, /^reelmill_realtime_factor_sum 5$/m)
    assert.match(
      after,
      /^reelmill_request_duration_seconds_count\{method="POST",route="\/v1\/jobs",status="202"\} 2$/m,
    )
    assert.match(
      await metrics(frontend),
      /^reelmill_jobs_ended_total\{status="succeeded"\} 1$/m,
      'counted once',
    )
  })

  it('tell the same in every frontend, whoever accepted a job and however soon it was over', async () => {
    const objects = new MemoryObjects()
    await using one = await startTestFrontend({ objects })
    await using two = await startTestFrontend({ objects })
    const before = await one.submit()
    const both = async () => {
      const [a = '', b = ''] = await Promise.all([metrics(one), metrics(two)])
      const told = (text: string) => text.match(/^reelmill_jobs(_ended_total)?\{.*$/gm)
      assert.deepEqual(told(a), told(b))
      return a
    }
    assert.match(await both(), /^reelmill_jobs\{status="queued"\} 1$/m)
    const [short, failed, deleted] = [await one.submit(), await two.submit(), await two.submit()]
    await one.succeed(before)
    for (const { id } of [short, failed, deleted]) {
      await one.move(id, { type: 'cancel', at: Date.now(), expiresAt: Date.now() + 1_000 })
    }
    // Closed between two scrapes: no list of open jobs ever showed it.
    await one.store.delete(openHintKey('acme', short.id))
    await one.call('DELETE', `/v1/jobs/${deleted.id}`)
    const after = await both()
    assert.match(after, /^reelmill_jobs_ended_total\{status="succeeded"\} 1$/m)
    assert.match(after, /^reelmill_jobs_ended_total\{status="canceled"\} 2$/m)
    assert.match(after, /^reelmill_jobs\{status="closing"\} 2$/m)
    assert.match(await both(), /^reelmill_jobs_ended_total\{status="canceled"\} 2$/m, 'counted once')

    const last = await one.submit()
    await using third = await startTestFrontend({ objects })
    assert.doesNotMatch(await metrics(third), /^reelmill_jobs_ended_total\{/m, 'what ended before its time')
    await third.succeed(last)
    assert.match(await metrics(third), /^reelmill_jobs_ended_total\{status="succeeded"\} 1$/m)
  })

  it('tell how long the oldest job has waited that still waits', async () => {
    await using frontend = await startTestFrontend()
    const age = async () =>
      Number(/^reelmill_queue_oldest_age_seconds (\S+)$/m.exec(await metrics(frontend))?.[1])
    assert.equal(await age(), 0)
    const running = await frontend.submit()
    const old = await frontend.submit()
    for (const [{ id }, minutes] of [
      [running, 60],
      [old, 10],
    ] as const) {
      const found = await frontend.store.get<JobRecord>(jobKey(id))
      assert.ok(found)
      const createdAt = new Date(Date.now() - minutes * 60_000).toISOString()
      await frontend.store.swap<JobRecord>(
        found,
        (job) => ({ ...job, createdAt }),
        () => false,
      )
    }
    await frontend.move(running.id, { type: 'lease', leaseId: 'lea_1', worker: 'wrk_1', at: Date.now() })
    await frontend.submit()
    const seconds = await age()
    assert.ok(seconds >= 600 && seconds < 660, `${seconds} s`)
  })

  it('need an administrator, unless the operator opens them', async () => {
    await using closed = await startTestFrontend()
    await problemIn(await closed.call('GET', '/metrics', { key: null }), 401, 'unauthenticated')
    await using open = await startTestFrontend({ settings: { metricsArePublic: true } })
    assert.equal((await open.call('GET', '/metrics', { key: null })).status, 200)
  })
})
