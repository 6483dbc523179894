import assert from 'node:assert/strict'
import { systemClock } from '#shared/clock.ts'
import type { Job } from '../../services/frontend/shapes/job.ts'
import { everydayClip, makeClip, picture, tone } from '../support/clips.ts'
import type { ProxyFault } from '../support/fault-proxy.ts'
import { startTestStack, type TestStack } from '../support/test-stack.ts'
import { requireTool } from '../support/tools.ts'

const PASS: ProxyFault = { kind: 'pass' }

const movie = () =>
  makeClip('eight-seconds.mp4', [
    ...picture('640x360', 8, '30'),
    ...tone(8),
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-shortest'],
  ])

describe('a store that misbehaves while jobs run', function () {
  this.timeout(240_000)
  let stack: TestStack
  before(function () {
    requireTool(this, 'ffmpeg', 'bwrap', 'prlimit')
  })
  beforeEach(async () => {
    stack = await startTestStack({}, { badNetwork: true })
  })
  afterEach(() => stack?.[Symbol.asyncDispose]())

  const network = () => {
    assert.ok(stack.network)
    return stack.network
  }
  const submit = async (): Promise<Job> => {
    const upload = await stack.api.upload(await movie())
    return stack.api.submit(upload.id, ['web-480p', 'poster-jpg'])
  }
  const succeededOnce = async (jobId: string): Promise<Job> => {
    // Asked of the record, since the frontend's own answers pass through the same network.
    const job = await stack.until(
      'the job has ended',
      async () => {
        const seen = await fetch(`${stack.url}/v1/jobs/${jobId}`, {
          headers: { authorization: `Bearer ${stack.key}` },
        })
        const body = (await seen.json()) as Job
        return seen.ok && ['succeeded', 'failed', 'canceled'].includes(body.status) ? body : undefined
      },
      150_000,
    )
    assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
    assert.equal(job.attempts?.filter(({ outcome }) => outcome === 'succeeded').length, 1)
    await stack.until('the job is closed', async () => (await stack.openHints()).length === 0)
    const fences = (await stack.mediaKeys())
      .filter((key) => key.includes(jobId))
      .map((key) => key.split('/').at(4))
    assert.equal(new Set(fences).size, 1, 'only the published attempt left anything')
    return job
  }
  const running = (jobId: string) =>
    stack.until('a worker has the job', async () => (await stack.workers()).find(({ job }) => job === jobId))

  for (const [what, fault] of [
    ['answers 503 to everything for 20 s', { kind: 'status', status: 503, code: 'ServiceUnavailable' }],
    ['answers 500 to everything for 20 s', { kind: 'status', status: 500, code: 'InternalError' }],
  ] as const) {
    it(`ends a job once when the store ${what}`, async () => {
      const { id } = await submit()
      await running(id)
      network().fault = () => fault
      await systemClock.sleep(20_000) // the fault's own length
      network().fault = () => PASS
      await succeededOnce(id)
      assert.ok(network().struck > 0)
    })
  }

  it('ends a job once when every third answer is lost', async () => {
    let count = 0
    network().fault = ({ method }) => (method === 'PUT' && ++count % 3 === 0 ? { kind: 'answer-lost' } : PASS)
    const { id } = await submit()
    await succeededOnce(id)
    assert.ok(network().struck > 0)
  })

  it('takes up an input where the connection broke', async () => {
    const { id } = await submit()
    let resets = 0
    network().fault = ({ method, path }) =>
      method === 'GET' && path.includes('/in/') && resets++ < 3 ? { kind: 'reset', afterBytes: 10_000 } : PASS
    await succeededOnce(id)
  })

  it('leaves nothing of an upload whose store broke off', async () => {
    network().fault = ({ method, path }) =>
      method !== 'GET' && path.includes('/in/')
        ? { kind: 'status', status: 503, code: 'ServiceUnavailable' }
        : PASS
    await assert.rejects(async () => stack.api.upload(await everydayClip()), /503|storage|store/i)
    network().fault = () => PASS
    assert.deepEqual(await stack.mediaKeys(), [])
  })
})
