import assert from 'node:assert/strict'
import { ReelmillError } from '#shared/errors.ts'
import type { Health } from '../../../services/frontend/shapes/health.ts'
import { startTestFrontend, type TestFrontend } from '../../support/frontend.ts'
import { MemoryMediaStore } from '../../support/memory-media-store.ts'

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
