import assert from 'node:assert/strict'
import type { FleetRecord } from '#shared/fleet/fleet-record.ts'
import { FLEET_KEY } from '#shared/jobs/keys.ts'
import { silentLog } from '#shared/log.ts'
import { type Fault, MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { MasterLease } from '../../../services/master/master-lease.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const SEC = 1000
const times = { renewMs: 10 * SEC, takeOverMs: 30 * SEC }

describe('the lease of the master', () => {
  let clock: FakeClock
  let objects: MemoryObjects
  let fault: Fault
  let beforeWrite: (() => Promise<void>) | undefined
  const store = () => new RecordStore({ objects, clock })
  const lease = (masterId: string, process?: { name: string; isDead(name: string): Promise<boolean> }) =>
    new MasterLease({ store: store(), clock, log: silentLog, masterId, times, ...(process && { process }) })
  const record = async () => (await store().get<FleetRecord>(FLEET_KEY))?.value
  const plan = (id: string) =>
    [
      (intents: FleetRecord['intents']) => ({
        ...intents,
        [id]: { state: 'planned' as const, driver: 'fake', since: '2026-01-01T00:00:00.000Z' },
      }),
      (intents: FleetRecord['intents']) => id in intents,
    ] as const

  beforeEach(() => {
    clock = new FakeClock()
    fault = 'none'
    beforeWrite = undefined
    objects = new MemoryObjects({
      fault: async ({ verb }) => {
        if (verb !== 'write') return 'none'
        const act = beforeWrite
        beforeWrite = undefined
        await act?.()
        return fault
      },
    })
  })

  it('is taken at once where no master ever was', async () => {
    const first = lease('mst_1')
    await first.tend()
    assert.equal(first.held, true)
    assert.equal((await record())?.epoch, 1)
  })

  it('is not taken from a master that renews it', async () => {
    const [first, second] = [lease('mst_1'), lease('mst_2')]
    await first.tend()
    for (let tick = 0; tick < 20; tick++) {
      await second.tend()
      await clock.advance(5 * SEC)
      await first.tend()
    }
    assert.equal(second.held, false)
    assert.equal((await record())?.owner, 'mst_1')
  })

  it('is renewed no more often than is due', async () => {
    const first = lease('mst_1')
    await first.tend()
    for (let tick = 0; tick < 10; tick++) {
      await clock.advance(2.5 * SEC)
      await first.tend()
    }
    assert.equal((await record())?.rev, 3) // at 0, 10 and 20 s
  })

  it('is taken over when the record stood still for long enough on the own clock, under the next epoch', async () => {
    const [first, second] = [lease('mst_1'), lease('mst_2')]
    await first.tend()
    await second.tend()
    clock.jumpWall(3600 * SEC)
    await clock.advance(29 * SEC)
    await second.tend()
    assert.equal(second.held, false)
    await clock.advance(SEC)
    await second.tend()
    assert.equal(second.held, true)
    assert.deepEqual([(await record())?.owner, (await record())?.epoch], ['mst_2', 2])
  })

  it('is lost to the one who held it before, as soon as that one looks', async () => {
    const [first, second] = [lease('mst_1'), lease('mst_2')]
    await first.tend()
    await second.tend()
    await clock.advance(30 * SEC)
    await second.tend()
    assert.equal(await first.read(), undefined)
    assert.equal(first.held, false)
    assert.equal(await first.change(...plan('wrk_1')), false)
    assert.deepEqual((await record())?.intents, {})
  })

  it('lets a zombie change nothing, even before it has looked', async () => {
    const [first, second] = [lease('mst_1'), lease('mst_2')]
    await first.tend()
    await second.tend()
    await clock.advance(30 * SEC)
    await second.tend()
    assert.equal(await first.change(...plan('wrk_1')), false)
    assert.equal(first.held, false)
    assert.deepEqual((await record())?.intents, {})
  })

  it('is not taken over when the holder renews in the very last moment', async () => {
    const first = lease('mst_1')
    await first.tend()
    const second = lease('mst_2')
    await second.tend()
    await clock.advance(30 * SEC)
    beforeWrite = () => first.tend() // between the watcher's read and its swap
    await second.tend()
    assert.equal(second.held, false)
    assert.equal((await record())?.owner, 'mst_1')
  })

  it('can be taken at once after it was laid down', async () => {
    const [first, second] = [lease('mst_1'), lease('mst_2')]
    await first.tend()
    await first.change(...plan('wrk_1'))
    await first.layDown()
    await second.tend()
    assert.equal(second.held, true)
    assert.deepEqual(Object.keys((await second.read())?.intents ?? {}), ['wrk_1'])
  })

  it('is taken over at once when its process is known to be gone', async () => {
    const process = (name: string) => ({ name, isDead: async (other: string) => other === 'host|1' })
    const [first, second] = [lease('mst_1', process('host|1')), lease('mst_2', process('host|2'))]
    await first.tend()
    await second.tend()
    assert.equal(second.held, true)
  })

  it('is judged by its process at the first look only, so that two wrong judges cannot play ping-pong', async () => {
    const process = (name: string) => ({ name, isDead: async () => true })
    const [first, second] = [lease('mst_1', process('host|1')), lease('mst_2', process('host|1'))]
    await first.tend()
    await second.tend()
    assert.equal(second.held, true)
    await first.read()
    await first.tend()
    await first.tend()
    assert.equal(first.held, true) // its own first look
    await second.read()
    await second.tend()
    await second.tend()
    assert.equal(second.held, false)
  })

  it('leaves a record of a newer Reelmill alone', async () => {
    await store().create(FLEET_KEY, { kind: 'fleet', version: 2, owner: '' })
    const first = lease('mst_1')
    await first.tend()
    await clock.advance(60 * SEC)
    await first.tend()
    assert.equal(first.held, false)
  })

  it('commits a change whose answer was lost exactly once', async () => {
    const first = lease('mst_1')
    await first.tend()
    fault = 'answer-lost'
    assert.equal(await first.change(...plan('wrk_1')), true)
    assert.deepEqual(Object.keys((await record())?.intents ?? {}), ['wrk_1'])
  })

  it('keeps what other fields a record has', async () => {
    const first = lease('mst_1')
    await first.tend()
    const found = await store().get<FleetRecord & { later: string }>(FLEET_KEY)
    assert.ok(found)
    await store().swap<FleetRecord & { later: string }>(
      found,
      (current) => ({ ...current, later: 'kept' }),
      () => false,
    )
    await first.change(...plan('wrk_1'))
    assert.equal(((await record()) as { later?: string } | undefined)?.later, 'kept')
  })
})
