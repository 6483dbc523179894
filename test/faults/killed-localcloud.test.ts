import assert from 'node:assert/strict'
import { everydayClip } from '../support/clips.ts'
import { type FaultBench, startFaultBench } from '../support/fault-bench.ts'
import { slowClip } from '../support/slow-encode.ts'
import { requireTool } from '../support/tools.ts'

describe('a store and a queue that go away', function () {
  this.timeout(120_000)
  let bench: FaultBench
  before(function () {
    requireTool(this, 'ffmpeg', 'bwrap', 'prlimit')
  })
  afterEach(() => bench?.[Symbol.asyncDispose]())

  it('and come back while a job runs lose nothing', async () => {
    bench = await startFaultBench()
    const { id } = await bench.encodeSlowly(slowClip())
    await bench.kill('localcloud')
    await bench.start('localcloud')
    await bench.succeeded(id)
  })

  it('and come back with an empty queue are rung in again', async () => {
    bench = await startFaultBench()
    await bench.service('master').stop(15_000)
    const { id } = await bench.submit(everydayClip(), 'web-480p')
    // Bells live in memory: a restart of localcloud loses them all, as a purge or a new queue would.
    await bench.service('localcloud').stop(15_000)
    await bench.start('localcloud')
    await bench.start('master')
    await bench.succeeded(id, ['succeeded'])
  })

  it('and double every bell, for two workers at once, have each job run once', async () => {
    bench = await startFaultBench({ REELMILL_MIN_WORKERS: '0', REELMILL_MAX_WORKERS: '0' })
    await Promise.all([bench.start('worker'), bench.start('other-worker')])
    const { id } = await bench.submit(everydayClip(), 'web-480p')
    const bell = { version: 1, jobId: id, task: 'main' } as const
    await Promise.all(Array.from({ length: 8 }, () => bench.stores.queue.send(bell)))
    await bench.succeeded(id, ['succeeded'])
    await bench.until('every bell was answered', async () => (await bench.stores.queue.depth()) === 0)
    assert.equal((await bench.workers()).length, 2)
  })
})
