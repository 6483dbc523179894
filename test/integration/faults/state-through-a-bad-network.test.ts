import assert from 'node:assert/strict'
import { systemClock } from '#shared/clock.ts'
import { hasCode } from '#shared/errors.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { S3Objects } from '#shared/state/s3-objects.ts'
import { type FaultProxy, type ProxyFault, startFaultProxy } from '../../support/fault-proxy.ts'
import { startTestCloud, type TestCloud } from '../../support/localcloud.ts'

interface Counter extends Record<string, unknown> {
  readonly count: number
}

const PASS: ProxyFault = { kind: 'pass' }

describe('state through a bad network', () => {
  let cloud: TestCloud
  let proxy: FaultProxy
  before(async () => {
    cloud = await startTestCloud()
    proxy = await startFaultProxy(cloud.s3Url)
  })
  after(async () => {
    await proxy.close()
    await cloud[Symbol.asyncDispose]()
  })
  afterEach(() => {
    proxy.fault = () => PASS
  })

  const open = (patienceMs = 15_000) =>
    new RecordStore({
      objects: new S3Objects({
        client: cloud.s3With({ endpoint: proxy.url, requestTimeoutMs: 300 }),
        bucket: 'state',
      }),
      clock: systemClock,
      patienceMs,
      backoff: { firstMs: 5, mostMs: 20 },
    })
  const increment = (value: Counter): Counter => ({ ...value, count: value.count + 1 })

  /** The first `count` PUTs meet `fault`; everything else passes. */
  const strikePuts = (count: number, fault: ProxyFault) => {
    let left = count
    proxy.fault = ({ method }) => (method === 'PUT' && left-- > 0 ? fault : PASS)
  }

  it('waits for a store that asks to slow down', async () => {
    strikePuts(3, { kind: 'status', status: 503, code: 'SlowDown' })
    assert.equal((await open().create('slow-down', { count: 0 })).outcome, 'created')
  })

  it('tries again what a 500 left undecided', async () => {
    strikePuts(2, { kind: 'status', status: 500, code: 'InternalError' })
    assert.equal((await open().create('five-hundred', { count: 0 })).outcome, 'created')
  })

  it('knows its own create when the answer was lost', async () => {
    strikePuts(1, { kind: 'answer-lost' })
    const created = await open().create('answer-lost', { count: 0 })
    assert.equal(created.outcome, 'created')
    assert.equal(created.found.value.rev, 1)
  })

  it('writes a swap once when the answer was lost and the effect is asked for', async () => {
    const store = open()
    const { found } = await store.create<Counter & { by?: string }>('swap-lost', { count: 0 })
    strikePuts(1, { kind: 'answer-lost' })
    const swapped = await store.swap(
      found,
      (value) => ({ ...value, by: 'me' }),
      (value) => value.by === 'me',
    )
    assert.equal(swapped.outcome, 'done')
    assert.equal(swapped.found?.value.rev, 2)
  })

  it('is not undone by a write that timed out and arrives late', async () => {
    const store = open()
    const { found } = await store.create<Counter>('late', { count: 0 })
    strikePuts(1, { kind: 'slow', ms: 600 })
    await store.swap(found, increment, () => false)
    await proxy.idle()
    assert.equal(proxy.statuses.at(-1), 412, 'the late write has arrived, and was refused')
    const after = await store.get<Counter>('late')
    assert.equal(after?.value.count, 1)
    assert.equal(after?.value.rev, 2)
  })

  it('reads again when a body breaks off', async () => {
    const store = open()
    await store.create('broken', { count: 7, filler: 'x'.repeat(10_000) })
    let left = 2
    proxy.fault = ({ method }) => (method === 'GET' && left-- > 0 ? { kind: 'reset', afterBytes: 100 } : PASS)
    assert.equal((await store.get<Counter>('broken'))?.value.count, 7)
  })

  it('says so when the store stays away', async () => {
    proxy.fault = () => ({ kind: 'status', status: 503, code: 'ServiceUnavailable' })
    await assert.rejects(open(100).get('away'), (error) => hasCode(error, 'store-unavailable'))
  })
})
