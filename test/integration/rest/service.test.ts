import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { ReelmillError } from '#shared/errors.ts'
import { jobKey, openHintKey } from '#shared/jobs/keys.ts'
import type { JobRecord } from '#shared/jobs/record.ts'
import { createLog } from '#shared/log.ts'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import type { Fleet } from '../../../services/frontend/shapes/fleet.ts'
import type { Health } from '../../../services/frontend/shapes/health.ts'
import type { Job } from '../../../services/frontend/shapes/job.ts'
import { problemIn, startTestFrontend, type TestFrontend } from '../../support/frontend.ts'
import { MemoryMediaStore } from '../../support/memory-media-store.ts'

describe('the rate of a key', () => {
  it('is told with each answer, and held with 429 and when to come back', async () => {
    await using frontend = await startTestFrontend({ limits: { rateRequests: 3, rateWindowSec: 60 } })
    const first = await frontend.call('GET', '/v1/presets')
    assert.equal(first.headers.get('ratelimit-policy'), '"key";q=3;w=60')
    assert.equal(first.headers.get('ratelimit'), '"key";r=2;t=60')
    await frontend.call('GET', '/v1/presets')
    await frontend.call('GET', '/v1/presets')
    const answer = await frontend.call('GET', '/v1/presets')
    const problem = await problemIn(answer, 429, 'rate-limited')
    const retryAfter = Number(answer.headers.get('retry-after'))
    assert.ok(retryAfter > 0 && retryAfter <= 60)
    assert.equal(problem.retryAfterSec, retryAfter)
    assert.match(answer.headers.get('ratelimit') ?? '', /^"key";r=0;t=\d+$/)
  })

  it('is its own: another key of the same tenant still has all of it', async () => {
    await using frontend = await startTestFrontend({ limits: { rateRequests: 1 } })
    const { key } = await frontend.newKey('acme')
    await frontend.call('GET', '/v1/presets')
    await problemIn(await frontend.call('GET', '/v1/presets'), 429, 'rate-limited')
    assert.equal((await frontend.call('GET', '/v1/presets', { key })).status, 200)
  })

  it('does not help who guesses keys', async () => {
    await using frontend = await startTestFrontend({ limits: { badKeysPerMinute: 2 } })
    const guess = () => frontend.call('GET', '/v1/jobs', { key: `rmk_${'y'.repeat(43)}` })
    await problemIn(await guess(), 401, 'unauthenticated')
    await problemIn(await guess(), 401, 'unauthenticated')
    await problemIn(await guess(), 429, 'rate-limited')
    assert.equal((await frontend.call('GET', '/v1/jobs')).status, 200, 'a good key from there still works')
  })
})

describe('the open jobs of a tenant', () => {
  it('are held to a number, and room is made by those that end', async () => {
    const objects = new MemoryObjects()
    await using frontend = await startTestFrontend({ objects, limits: { maxOpenJobs: 3 } })
    const submit = async (key: string, headers: Record<string, string> = {}) => {
      const begun = await frontend.call('POST', '/v1/uploads', { key })
      const { id } = (await begun.json()) as { id: string }
      await frontend.call('PUT', `/v1/uploads/${id}/content`, { key, body: 'a movie' })
      return frontend.call('POST', '/v1/jobs', {
        key,
        body: JSON.stringify({ inputs: [{ source: { uploadId: id } }], outputs: [{ preset: 'web-720p' }] }),
        headers: { 'content-type': 'application/json', ...headers },
      })
    }
    const first = (await (await submit(frontend.key)).json()) as Job
    for (let n = 0; n < 2; n++) assert.equal((await submit(frontend.key)).status, 202)
    const refused = await submit(frontend.key)
    assert.equal(refused.headers.get('retry-after'), '10')
    const { detail } = await problemIn(refused, 429, 'quota-exceeded')
    assert.equal(
      detail,
      'This tenant has 3 jobs open, and may not have more. Wait until some end, or cancel some.',
    )
    const other = await frontend.newKey('other')
    assert.equal((await submit(other.key)).status, 202, 'another tenant has its own')

    const form = new FormData()
    form.append('preset', 'web-720p')
    form.append('file', new Blob(['a movie']), 'a.mov')
    await problemIn(await frontend.call('POST', '/v1/jobs', { body: form }), 429, 'quota-exceeded')
    await frontend.call('POST', `/v1/jobs/${first.id}/cancel`)
    await problemIn(await frontend.call('POST', `/v1/jobs/${first.id}/retry`), 429, 'quota-exceeded')

    await frontend.store.delete(openHintKey('acme', first.id)) // as the sweep does when it closes the job
    await using another = await startTestFrontend({ objects, limits: { maxOpenJobs: 3 } })
    const again = await another.call('POST', `/v1/jobs/${first.id}/retry`)
    assert.equal(again.status, 202)
  })

  it('do not count a repeat, which is answered with the job that there is', async () => {
    await using frontend = await startTestFrontend({ limits: { maxOpenJobs: 1 } })
    const { id } = await frontend.upload()
    const body = { inputs: [{ source: { uploadId: id } }], outputs: [{ preset: 'web-720p' }] }
    const submit = (key: string) => frontend.send('POST', '/v1/jobs', body, { 'idempotency-key': key })
    const job = (await (await submit('k')).json()) as Job
    await problemIn(await submit('other'), 429, 'quota-exceeded')
    assert.equal(((await (await submit('k')).json()) as Job).id, job.id)
  })

  it('are not listed for each submit', async () => {
    let lists = 0
    const objects = new MemoryObjects({
      fault: ({ verb }) => {
        if (verb === 'list') lists++
        return 'none'
      },
    })
    await using frontend = await startTestFrontend({ objects })
    for (let n = 0; n < 20; n++) await frontend.submit()
    assert.equal(lists, 1)
    await using unlimited = await startTestFrontend({ objects, limits: { maxOpenJobs: 0 } })
    await unlimited.submit()
    assert.equal(lists, 1)
  })
})

describe('health', () => {
  const ready = async (frontend: TestFrontend) => {
    const answer = await frontend.call('GET', '/health/ready', { key: null })
    return { status: answer.status, body: (await answer.json()) as Health }
  }

  it('names each dependency, and into what workers lock ffmpeg', async () => {
    await using frontend = await startTestFrontend()
    await frontend.beat({ id: 'wrk_1', jail: 'bwrap' })
    await frontend.beat({ id: 'wrk_2', jail: 'none' })
    assert.equal((await frontend.call('GET', '/health/live', { key: null })).status, 200)
    const { status, body } = await ready(frontend)
    assert.equal(status, 200)
    assert.equal(body.status, 'ok')
    assert.deepEqual(
      body.dependencies.map(({ name, status }) => `${name} ${status}`),
      ['state-store ok', 'media-store ok', 'queue ok'],
    )
    assert.deepEqual(body.jails, { bwrap: 1, none: 1 })
  })

  it('is not ready without the media store, and says that it is that', async () => {
    const media = new MemoryMediaStore((verb) => {
      if (verb === 'ping') throw new ReelmillError('store-unavailable', 'It does not answer.')
    })
    await using frontend = await startTestFrontend({ media })
    const { status, body } = await ready(frontend)
    assert.equal(status, 503)
    assert.equal(body.dependencies.find(({ name }) => name === 'media-store')?.status, 'unavailable')
    assert.equal(body.dependencies.find(({ name }) => name === 'state-store')?.status, 'ok')
  })

  it('is degraded but ready without the queue: jobs are still accepted', async () => {
    await using frontend = await startTestFrontend()
    frontend.queue.depth = () => Promise.reject(new ReelmillError('queue-unavailable', 'It does not answer.'))
    const { status, body } = await ready(frontend)
    assert.deepEqual([status, body.status], [200, 'degraded'])
  })

  it('asks once for many who want to know', async () => {
    let pings = 0
    const media = new MemoryMediaStore((verb) => {
      if (verb === 'ping') pings++
    })
    await using frontend = await startTestFrontend({ media })
    await Promise.all(Array.from({ length: 10 }, () => ready(frontend)))
    assert.equal(pings, 1)
  })

  it('turns away from a frontend that stops', async () => {
    await using frontend = await startTestFrontend()
    frontend.stopTaking()
    assert.equal((await ready(frontend)).status, 503)
    assert.equal((await frontend.call('GET', '/health/live', { key: null })).status, 200)
  })
})

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

describe('the fleet', () => {
  it('is empty before there was a master, and then what the master wrote', async () => {
    await using frontend = await startTestFrontend()
    const fleet = async () => (await (await frontend.call('GET', '/v1/fleet')).json()) as Fleet
    assert.deepEqual(await fleet(), { machines: [] })
    const at = new Date().toISOString()
    await frontend.store.create('fleet/state.json', {
      kind: 'fleet',
      version: 1,
      owner: 'mst_1',
      epoch: 3,
      renewedAt: at,
      intents: { wrk_1: { state: 'up', driver: 'process', since: at } },
    })
    const { master, machines } = await fleet()
    assert.deepEqual(master, { id: 'mst_1', epoch: 3, renewedAt: at })
    assert.deepEqual(machines, [{ id: 'wrk_1', state: 'up', driver: 'process', since: at }])
  })
})

describe('a defect', () => {
  it('is told with nothing but the id under which the log has all of it', async () => {
    const lines = new PassThrough()
    const log = createLog({ service: 'test', level: 'error', stream: lines })
    const objects = new MemoryObjects({
      fault: ({ verb }) => {
        if (verb === 'list') throw new ReelmillError('internal', 'The secret of the house is swordfish.')
        return 'none'
      },
    })
    await using frontend = await startTestFrontend({ objects, log })
    const answer = await frontend.call('GET', '/v1/jobs', { headers: { 'x-request-id': 'req-7' } })
    const problem = await problemIn(answer, 500, 'internal')
    assert.equal(problem.requestId, 'req-7')
    assert.ok(!JSON.stringify(problem).includes('swordfish'))
    const logged = String(lines.read())
    assert.ok(logged.includes('req-7') && logged.includes('swordfish'))
  })
})
