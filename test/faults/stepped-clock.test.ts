import assert from 'node:assert/strict'
import { everydayClip } from '../support/clips.ts'
import { type FaultBench, startFaultBench } from '../support/fault-bench.ts'
import { slowClip } from '../support/slow-encode.ts'
import { type SteppedClock, steppedClock } from '../support/stepped-clock.ts'
import { requireTool } from '../support/tools.ts'

const HOUR_SEC = 3600

describe("a host's clock that is set", function () {
  this.timeout(120_000)
  let bench: FaultBench
  let clock: SteppedClock
  before(function () {
    requireTool(this, 'ffmpeg', 'bwrap', 'prlimit', 'faketime')
  })
  beforeEach(async () => {
    clock = await steppedClock()
    bench = await startFaultBench(clock.environment)
  })
  afterEach(() => bench?.[Symbol.asyncDispose]())

  for (const [way, aheadSec] of [
    ['forward', HOUR_SEC],
    ['back', -HOUR_SEC],
  ] as const) {
    it(`${way} by an hour takes no lease from a live worker, and stops no job`, async () => {
      const { id, worker } = await bench.encodeSlowly(slowClip())
      const before = await bench.fleet()
      const queued = await bench.submit(everydayClip(), 'web-480p') // waits: there is one worker
      await clock.step(aheadSec)
      await bench.until('the services have noticed', async () => {
        const { renewedAt } = await bench.fleet()
        return Math.abs(Date.parse(renewedAt) - Date.now() - aheadSec * 1000) < 60_000
      })
      const job = await bench.succeeded(id, ['succeeded'])
      assert.equal(job.attempts?.[0]?.worker, worker.id)
      await bench.succeeded(queued.id, ['succeeded'])
      const after = await bench.submit(everydayClip(), 'web-480p')
      await bench.succeeded(after.id, ['succeeded'])
      assert.equal((await bench.fleet()).epoch, before.epoch, 'and the master keeps the fleet')
    })
  }
})
