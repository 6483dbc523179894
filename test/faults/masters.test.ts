import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { everydayClip } from '../support/clips.ts'
import { type FaultBench, startFaultBench } from '../support/fault-bench.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { slowClip } from '../support/slow-encode.ts'
import { requireTool } from '../support/tools.ts'

// A master of a test stack is taken over from after 4 s of silence; by default after 30 s, and 60 s at most.
const TAKEN_OVER_WITHIN_MS = 4_000 + 10_000

describe('a master that is killed or stopped', function () {
  this.timeout(120_000)
  let bench: FaultBench
  let network: FaultProxy | undefined
  before(function () {
    requireTool(this, 'ffmpeg', 'bwrap', 'prlimit')
  })
  afterEach(async () => {
    await bench?.[Symbol.asyncDispose]()
    await network?.close()
    network = undefined
  })

  /** Which of the two masters has the fleet, and which has not. */
  const pair = async () => {
    await bench.start('second-master')
    const before = await bench.fleet()
    const isFirst = before.ownerProcess?.split('|')[1] === String(bench.service('master').pid)
    return isFirst
      ? ({ before, owner: 'master', other: 'second-master' } as const)
      : ({ before, owner: 'second-master', other: 'master' } as const)
  }
  const takenOver = (epoch: number) =>
    bench.until(
      'the other has the fleet',
      async () => (await bench.fleet()).epoch === epoch,
      TAKEN_OVER_WITHIN_MS,
    )

  it('is followed by one that adopts its workers', async () => {
    bench = await startFaultBench()
    const { id, worker } = await bench.encodeSlowly(slowClip())
    await bench.kill('master')
    await bench.start('master')
    const job = await bench.succeeded(id, ['succeeded'])
    assert.equal(job.attempts?.[0]?.worker, worker.id, 'the same worker went on')
    assert.ok(
      (await bench.workers()).some((other) => other.id === worker.id),
      'and lives',
    )
  })

  it('is taken over from by a second one when it is killed', async () => {
    bench = await startFaultBench()
    const { before, owner } = await pair()
    await bench.kill(owner)
    const { id } = await bench.submit(everydayClip(), 'web-480p')
    await takenOver(before.epoch + 1)
    await bench.succeeded(id, ['succeeded'])
  })

  it('is taken over from when it is stopped, and does no harm when it wakes', async () => {
    bench = await startFaultBench()
    const { before, owner } = await pair()
    const { id, worker } = await bench.encodeSlowly(slowClip(20))
    const sleeper = bench.service(owner)
    process.kill(sleeper.pid ?? 0, 'SIGSTOP')
    try {
      await takenOver(before.epoch + 1)
      // Its successor has to replace a worker, so that what the sleeper remembers of the fleet is wrong.
      process.kill(worker.pid ?? 0, 'SIGKILL')
      await bench.workerOn(id, undefined, worker)
    } finally {
      process.kill(sleeper.pid ?? 0, 'SIGCONT')
    }
    await bench.until('it knows', async () =>
      (await readFile(sleeper.logFile, 'utf8')).includes('another master has taken over'),
    )
    await bench.succeeded(id, ['lost', 'succeeded'])
    const after = await bench.fleet()
    assert.equal(after.epoch, before.epoch + 1, 'it took nothing back')
    assert.equal(Object.keys(after.intents).length, 1)
    assert.ok(sleeper.running)
  })

  it('between intent and launch leaves an intent that the next one makes true, once', async () => {
    bench = await startFaultBench()
    await bench.service('master').stop(30_000) // with its workers
    network = await startFaultProxy(bench.storeUrl)
    const intended = Promise.withResolvers<void>()
    const never = Promise.withResolvers<void>()
    let writes = 0
    network.fault = ({ method, path }) => {
      // The first write takes the lease, the second holds the intents: it is applied, and its answer kept.
      if (method !== 'PUT' || !path.includes('fleet/state.json') || ++writes < 2) return { kind: 'pass' }
      intended.resolve()
      return { kind: 'answer-held', until: never.promise }
    }
    await bench.start('master', { AWS_ENDPOINT_URL_S3: network.url })
    await intended.promise
    const intents = await bench.until('the intents are in the record', async () => {
      const planned = Object.keys((await bench.fleet()).intents)
      return planned.length > 0 ? planned : undefined
    })
    await bench.kill('master')
    never.resolve()
    assert.deepEqual(await bench.workers(), [], 'nothing was launched')
    await bench.start('master')
    const { id } = await bench.submit(everydayClip(), 'web-480p')
    const job = await bench.succeeded(id, ['succeeded'])
    assert.deepEqual([job.attempts?.[0]?.worker], intents)
    assert.deepEqual(
      (await bench.workers()).map((worker) => worker.id),
      intents,
    )
  })
})
