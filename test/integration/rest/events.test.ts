import assert from 'node:assert/strict'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { jobKey } from '#shared/jobs/keys.ts'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import type { Job } from '../../../services/frontend/shapes/job.ts'
import { problemIn, startTestFrontend, type TestFrontend } from '../../support/frontend.ts'

interface Seen {
  readonly id: string | undefined
  readonly type: string | undefined
  readonly job: Job
}

describe('the events of a job', () => {
  const at = Date.now()
  const ending = { at, expiresAt: at + 1000 }
  const lease = { type: 'lease', leaseId: 'lea_1', worker: 'wrk_1', at } as const

  /** Follows a job; `next` waits for one event. */
  const follow = async (frontend: TestFrontend, jobId: string, lastEventId?: string) => {
    const answer = await frontend.call('GET', `/v1/jobs/${jobId}/events`, {
      headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
    })
    assert.equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    assert.ok(answer.body)
    const reader = answer.body
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(new EventSourceParserStream())
      .getReader()
    return {
      async next(): Promise<Seen | undefined> {
        const { done, value } = await reader.read()
        return done ? undefined : { id: value.id, type: value.event, job: JSON.parse(value.data) as Job }
      },
      leave: () => reader.cancel(),
    }
  }

  it('tell each state and progress in order, and end with the job', async () => {
    await using frontend = await startTestFrontend()
    const { id } = await frontend.submit()
    const events = await follow(frontend, id)
    const seen: string[] = []
    const take = async () => {
      const event = await events.next()
      if (event) seen.push(`${event.id} ${event.type} ${event.job.progress ?? ''}`.trim())
      return event
    }
    await take()
    await frontend.move(id, lease)
    await take()
    for (const [seq, ratio] of [
      [4, 0.25],
      [5, 0.5],
    ] as const) {
      await frontend.beat({ id: 'wrk_1', leaseId: 'lea_1', seq, progress: { phase: 'encode', ratio } })
      await take()
    }
    await frontend.move(id, { type: 'interrupt', leaseId: 'lea_1', ...ending })
    await take()
    await frontend.move(id, { ...lease, leaseId: 'lea_2', worker: 'wrk_2' })
    await take()
    const error = { code: 'input-damaged', message: 'x', retry: 'never' }
    await frontend.move(id, { type: 'fail', leaseId: 'lea_2', error, ...ending })
    const last = await take()
    assert.equal(last?.job.error?.code, 'input-damaged')
    assert.equal(await take(), undefined)
    assert.deepEqual(seen, [
      '0.1.0 job.queued',
      '1.0.0 job.running',
      '1.0.4 job.running 0.25',
      '1.0.5 job.running 0.5',
      '1.1.0 job.queued',
      '2.0.0 job.running',
      '2.2.0 job.failed',
    ])
  })

  it('go on after Last-Event-ID without a repetition, and say so when nothing more will come', async () => {
    await using frontend = await startTestFrontend()
    const { id } = await frontend.submit()
    await frontend.move(id, lease)
    const resumed = await follow(frontend, id, '1.0.0')
    await frontend.beat({ id: 'wrk_1', leaseId: 'lea_1', seq: 7, progress: { phase: 'encode', ratio: 0.5 } })
    assert.equal((await resumed.next())?.id, '1.0.7')
    await resumed.leave()
    const behind = await follow(frontend, id, '0.1.0')
    assert.equal((await behind.next())?.id, '1.0.7')
    await behind.leave()
    const nonsense = await follow(frontend, id, 'nonsense')
    assert.equal((await nonsense.next())?.id, '1.0.7')
    await frontend.move(id, { type: 'cancel', ...ending }, { type: 'stop', leaseId: 'lea_1', ...ending })
    let last: Seen | undefined
    for (let event = await nonsense.next(); event; event = await nonsense.next()) last = event
    assert.deepEqual([last?.id, last?.type], ['1.2.0', 'job.canceled'])
    const after = await frontend.call('GET', `/v1/jobs/${id}/events`, {
      headers: { 'last-event-id': '1.2.0' },
    })
    assert.equal(after.status, 204)
    const late = await follow(frontend, id)
    assert.equal((await late.next())?.type, 'job.canceled')
    assert.equal(await late.next(), undefined)
  })

  it('cost one poller however many watch, and none when nobody does', async () => {
    let reads = 0
    let watched = ''
    const objects = new MemoryObjects({
      fault: ({ verb, key }) => {
        if (verb === 'read' && key === watched) reads++
        return 'none'
      },
    })
    await using frontend = await startTestFrontend({ objects, settings: { watchPollMs: 50 } })
    const { id } = await frontend.submit()
    watched = jobKey(id)
    const viewers = await Promise.all(Array.from({ length: 20 }, () => follow(frontend, id)))
    await Promise.all(viewers.map((viewer) => viewer.next()))
    // Each request reads the job once to see whose it is; all that is beyond are the pollers.
    const polls = () => reads - viewers.length
    const before = polls()
    await frontend.move(id, lease)
    reads-- // the move's own
    await Promise.all(viewers.map((viewer) => viewer.next()))
    assert.ok(polls() - before < viewers.length, `${polls() - before} polls for one change`)
    assert.equal(frontend.watch.size, 1)
    await Promise.all(viewers.map((viewer) => viewer.leave()))
    while (frontend.watch.size > 0) await new Promise(setImmediate)
  })

  it('end when the job is deleted or the frontend stops', async () => {
    await using frontend = await startTestFrontend()
    const { id } = await frontend.submit()
    const events = await follow(frontend, id)
    await events.next()
    frontend.stopTaking()
    assert.equal(await events.next(), undefined)
  })

  it('are not for a foreign tenant, and open only so often for one key', async () => {
    await using frontend = await startTestFrontend({ limits: { maxStreamsPerKey: 1 } })
    const { id } = await frontend.submit()
    const { key } = await frontend.newKey('zeta')
    await problemIn(await frontend.call('GET', `/v1/jobs/${id}/events`, { key }), 404, 'not-found')
    const first = await follow(frontend, id)
    await first.next()
    await problemIn(await frontend.call('GET', `/v1/jobs/${id}/events`), 429, 'quota-exceeded')
    await first.leave()
    for (;;) {
      const again = await frontend.call('GET', `/v1/jobs/${id}/events`)
      await again.body?.cancel()
      if (again.ok) break
    }
  })
})
