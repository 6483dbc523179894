import assert from 'node:assert/strict'
import { systemClock } from '#shared/clock.ts'
import { everydayClip } from '../support/clips.ts'
import { type FaultBench, startFaultBench } from '../support/fault-bench.ts'
import type { ProxyFault } from '../support/fault-proxy.ts'
import { slowClip } from '../support/slow-encode.ts'
import { requireTool } from '../support/tools.ts'

const PASS: ProxyFault = { kind: 'pass' }
const FAULT_MS = 20_000

describe('a store that misbehaves while jobs run', function () {
  this.timeout(120_000)
  let bench: FaultBench
  before(async function () {
    requireTool(this, 'ffmpeg', 'bwrap', 'prlimit')
    bench = await startFaultBench({}, { badNetwork: true })
  })
  afterEach(() => {
    network().fault = () => PASS
  })
  after(() => bench?.[Symbol.asyncDispose]())

  const network = () => {
    assert.ok(bench.network)
    return bench.network
  }

  const errors: readonly ProxyFault[] = [
    { kind: 'status', status: 503, code: 'ServiceUnavailable' },
    { kind: 'status', status: 500, code: 'InternalError' },
  ]
  for (const [what, faults] of [
    ['answers 503 and 500 to everything', errors],
    // Longer than a heartbeat, and shorter than anybody's patience.
    ['takes 2 s for everything', [{ kind: 'slow', ms: 2_000 }]],
  ] as const) {
    it(`ends a job once when the store ${what} for 20 s`, async () => {
      const { id } = await bench.encodeSlowly(slowClip())
      const struck = network().struck
      network().fault = () => faults[network().struck % faults.length] ?? PASS
      await systemClock.sleep(FAULT_MS) // the fault's own length
      network().fault = () => PASS
      await bench.succeeded(id)
      assert.ok(network().struck > struck + 10)
    })
  }

  it('ends a job once when every third answer is lost', async () => {
    let count = 0
    const struck = network().struck
    network().fault = ({ method }) => (method === 'PUT' && ++count % 3 === 0 ? { kind: 'answer-lost' } : PASS)
    const { id } = await bench.submit(everydayClip(), 'web-480p', 'poster-jpg')
    await bench.succeeded(id)
    assert.ok(network().struck > struck)
  })

  it('takes up an input where the connection broke', async () => {
    let resets = 0
    network().fault = ({ method, path }) =>
      method === 'GET' && path.includes('/in/') && resets++ < 3 ? { kind: 'reset', afterBytes: 10_000 } : PASS
    const { id } = await bench.submit(slowClip(), 'web-480p')
    await bench.succeeded(id, ['succeeded'])
    assert.ok(resets > 3)
  })

  it('leaves nothing of an upload whose store broke off', async () => {
    const before = await bench.mediaKeys()
    network().fault = ({ method, path }) =>
      method !== 'GET' && path.includes('/in/')
        ? { kind: 'status', status: 503, code: 'ServiceUnavailable' }
        : PASS
    await assert.rejects(async () => bench.api.upload(await everydayClip()), /503|storage|store/i)
    network().fault = () => PASS
    await bench.nothingIsLeft()
    assert.deepEqual(await bench.mediaKeys(), before)
  })
})
