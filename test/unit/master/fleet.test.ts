import assert from 'node:assert/strict'
import type { FleetRecord } from '#shared/fleet/fleet-record.ts'
import { FLEET_KEY, jobKey, workerKey } from '#shared/jobs/keys.ts'
import type { Census } from '#shared/jobs/sweep.ts'
import { silentLog } from '#shared/log.ts'
import { type Call, type Fault, MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import type { WorkerRecord } from '#shared/workers/worker-record.ts'
import { Fleet } from '../../../services/master/fleet.ts'
import { MasterLease } from '../../../services/master/master-lease.ts'
import { Observer } from '../../../services/master/observer.ts'
import type { FleetPolicy } from '../../../services/master/snapshot.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeDriver, type LaunchFault } from '../../support/fake-driver.ts'
import { FakeWorker } from '../../support/fake-workers.ts'

const SEC = 1000
const policy: FleetPolicy = {
  minWorkers: 0,
  maxWorkers: 3,
  waitSloMs: 10 * SEC,
  keepIdleMs: 10 * SEC,
  leaseMs: 60 * SEC,
  bootDeadlineMs: 60 * SEC,
  provenMs: 30 * SEC,
  keepRecordsMs: 600 * SEC,
  staleCensusMs: 15 * SEC,
  unknownRemainingMs: 60 * SEC,
}

describe('the fleet', () => {
  let clock: FakeClock
  let objects: MemoryObjects
  let store: RecordStore
  let driver: FakeDriver
  let storeFault: (call: Call) => Fault
  /** Runs once, right before the next write of this key reaches the store. */
  let before: { key: string; act: () => Promise<unknown> } | undefined
  let launchFault: LaunchFault
  let lags: boolean
  const workers = new Map<string, FakeWorker>()

  const worker = (id: string) => {
    const found = workers.get(id)
    assert.ok(found, `${id} was never started`)
    return found
  }
  const makeDriver = (remembersTokens: boolean) =>
    new FakeDriver({
      remembersTokens,
      fault: () => launchFault,
      lags: () => lags,
      onStart: (id) => workers.set(id, new FakeWorker({ store, clock, id })),
    })
  beforeEach(() => {
    clock = new FakeClock()
    storeFault = () => 'none'
    launchFault = 'none'
    lags = false
    before = undefined
    objects = new MemoryObjects({
      fault: async (call) => {
        if (call.verb === 'write' && call.key === before?.key) {
          const { act } = before
          before = undefined
          await act()
        }
        return storeFault(call)
      },
    })
    store = new RecordStore({ objects, clock, patienceMs: 0 })
    driver = makeDriver(false)
    workers.clear()
  })

  let censuses = 0
  const census = (queued = 0, running = 0) => {
    const jobs: Census['queued'] = Array.from({ length: queued }, (_, i) => ({
      jobId: `job_${i}`,
      tenant: 't',
      createdAt: new Date(clock.now()).toISOString(),
      sizeBytes: 100 * 2 ** 20,
    }))
    return {
      number: ++censuses,
      takenAtMs: clock.monotonicMs(),
      census: { queued: jobs, running, closing: 0, workers: new Map() },
    }
  }

  async function master(id = 'mst_1', over: Partial<FleetPolicy> = {}) {
    const times = { renewMs: 10 * SEC, takeOverMs: 30 * SEC }
    const lease = new MasterLease({ store, clock, log: silentLog, masterId: id, times })
    const losses: string[] = []
    const fleet = new Fleet({
      store,
      clock,
      log: silentLog,
      driver,
      lease,
      observer: new Observer({ store, clock, bootMs: 2 * SEC, workMsPerMiB: 500 }),
      policy: { ...policy, ...over },
      onLoss: (jobId) => losses.push(jobId),
    })
    await lease.tend()
    /** Lets time pass with a tick every 5 s, heartbeats included. */
    const run = async (sec: number, queued = 0, running = 0) => {
      for (let t = 0; t < sec; t += 5) {
        await clock.advance(5 * SEC)
        for (const w of workers.values()) if (driver.machines.get(w.id)?.alive) await w.beat()
        await lease.tend()
        await fleet.tick(census(queued, running))
      }
    }
    return {
      lease,
      fleet,
      losses,
      run,
      tick: (queued = 0, running = 0) => fleet.tick(census(queued, running)),
    }
  }
  const intents = async () => (await store.get<FleetRecord>(FLEET_KEY))?.value.intents ?? {}
  const stateOf = async (id: string) => (await store.get<WorkerRecord>(workerKey(id)))?.value.state
  const registerAll = async () => {
    for (const w of workers.values()) if (driver.machines.get(w.id)?.alive) await w.register()
  }
  /** A fleet of `count` idle workers, adopted. */
  async function grown(count: number, over: Partial<FleetPolicy> = {}) {
    const m = await master('mst_1', { minWorkers: count, ...over })
    await m.tick()
    await registerAll()
    await m.tick()
    assert.equal(driver.alive.length, count)
    return { ...m, ids: [...driver.alive] }
  }

  it('grows from nothing to its maximum with the queue, and back to its minimum when idle', async () => {
    const { run } = await master('mst_1', { minWorkers: 1 })
    await run(5)
    assert.equal(driver.alive.length, 1)
    await run(5, 50)
    assert.equal(driver.alive.length, 3)
    await registerAll()
    await run(10, 50)
    assert.equal(driver.alive.length, 3)
    await run(60)
    assert.equal(driver.alive.length, 1)
    assert.deepEqual(Object.keys(await intents()), driver.alive)
    assert.equal(driver.launches.length, 3)
  })

  it('commits intents before it launches, all of a batch in one swap', async () => {
    const { tick } = await master()
    let committed: string[] = []
    const before = (await store.get<FleetRecord>(FLEET_KEY))?.value.rev ?? 0
    const launch = driver.launch.bind(driver)
    driver.launch = async (ids) => {
      committed = Object.keys(await intents())
      return launch(ids)
    }
    await tick(50)
    assert.deepEqual(committed, driver.launches)
    assert.equal((await store.get<FleetRecord>(FLEET_KEY))?.value.rev, before + 1)
  })

  it('launches nothing when the intents could not be committed', async () => {
    const { tick } = await master()
    storeFault = ({ verb, key }) => (verb === 'write' && key === FLEET_KEY ? 'unavailable' : 'none')
    await assert.rejects(tick(50))
    assert.deepEqual(driver.launches, [])
  })

  it('launches nothing when the lease was lost in the moment of the commit', async () => {
    const { tick } = await master('mst_1')
    const second = await master('mst_2')
    await clock.advance(30 * SEC)
    before = { key: FLEET_KEY, act: () => second.lease.tend() }
    await tick(50)
    assert.equal(second.lease.held, true)
    assert.deepEqual(driver.launches, [])
    assert.deepEqual(await intents(), {})
  })

  it('reads only those records of workers that have moved', async () => {
    const { ids, tick } = await grown(3)
    await worker(ids[1] ?? '').beat()
    const read: string[] = []
    storeFault = ({ verb, key }) => {
      if (verb === 'read') read.push(key)
      return 'none'
    }
    await tick()
    assert.deepEqual(read, [FLEET_KEY, workerKey(ids[1] ?? '')])
  })

  it('forgets its samples with its lease', async () => {
    const first = await grown(1)
    await first.lease.layDown()
    const m = await master('mst_2', { minWorkers: 0 })
    await m.run(15) // one sample finds the worker surplus
    await m.lease.layDown()
    await m.tick()
    await m.lease.tend()
    await m.tick()
    const [id] = first.ids
    assert.equal(await stateOf(id ?? ''), 'idle')
    await m.tick()
    assert.equal(await stateOf(id ?? ''), 'draining')
  })

  it('launches by the same ids what was committed by a write that came late', async () => {
    const { tick } = await master()
    storeFault = ({ verb, key }) => (verb === 'write' && key === FLEET_KEY ? 'late' : 'none')
    await assert.rejects(tick(1))
    storeFault = () => 'none'
    for (const write of objects.late) write.apply()
    const committed = Object.keys(await intents())
    assert.equal(committed.length, 1)
    await tick(1)
    assert.deepEqual(driver.launches, committed)
  })

  it('repeats a launch that gave no answer by the same token, and gets one machine of it', async () => {
    const { tick } = await master()
    launchFault = 'late'
    await tick(1)
    const [id] = driver.launches
    assert.ok(id)
    launchFault = 'none'
    await tick(1)
    driver.happen(id)
    assert.deepEqual(driver.launches, [id, id])
    assert.deepEqual(driver.alive, [id])
  })

  it('does not launch a machine twice because the list lags behind', async () => {
    lags = true
    const { run } = await master()
    await run(20, 1)
    assert.equal(driver.alive.length, 1)
    await registerAll()
    await run(30, 1, 1)
    assert.deepEqual(
      Object.values(await intents()).map(({ state }) => state),
      ['up'],
    )
  })

  it('has a restarted master adopt what runs, launched or not', async () => {
    const first = await master('mst_1')
    await first.tick(50)
    await registerAll()
    const running = [...driver.alive]
    await first.lease.layDown()
    const second = await master('mst_2')
    await second.run(30, 50)
    assert.deepEqual(driver.alive, running)
    assert.deepEqual(new Set(Object.values(await intents()).map(({ state }) => state)), new Set(['up']))
  })

  it('leaves the fleet to whoever holds the lease', async () => {
    await master('mst_1')
    const second = await master('mst_2')
    assert.equal(await second.tick(50), undefined)
    assert.deepEqual(driver.launches, [])
  })

  it('replaces a worker whose exit the driver saw, and tells at once that its job is lost', async () => {
    const { tick, run, losses, ids } = await grown(1)
    const [id] = ids
    assert.ok(id)
    await worker(id).takeUp('job_1', 'lea_1')
    driver.die(id)
    await tick(0, 1)
    assert.equal(await stateOf(id), 'condemned')
    assert.deepEqual(losses, ['job_1'])
    await run(10)
    assert.equal(driver.alive.length, 1)
    assert.deepEqual(Object.keys(await intents()), driver.alive)
  })

  it('condemns a silent worker before it terminates its machine', async () => {
    const { ids, fleet, lease } = await grown(1)
    const [id] = ids
    assert.ok(id)
    for (let t = 0; t < 12; t++) {
      await clock.advance(5 * SEC)
      await lease.tend()
      assert.notEqual(await stateOf(id), 'condemned')
      await fleet.tick(census())
    }
    assert.equal(await stateOf(id), 'condemned')
    assert.deepEqual(driver.terminations, [])
    await fleet.tick(census())
    assert.deepEqual(driver.terminations, [id])
  })

  it('lets a heartbeat between the look and the condemnation win', async () => {
    const { ids, fleet, lease } = await grown(1)
    const [id] = ids
    assert.ok(id)
    for (let t = 0; t < 11; t++) {
      await clock.advance(5 * SEC)
      await lease.tend()
      await fleet.tick(census())
    }
    await clock.advance(5 * SEC)
    before = { key: workerKey(id), act: () => worker(id).beat() } // the condemnation is on its way
    await fleet.tick(census())
    await fleet.tick(census())
    assert.equal(before, undefined)
    assert.equal(await stateOf(id), 'idle')
    assert.deepEqual(driver.terminations, [])
  })

  it('gives up a machine that never registers: its place first, then the machine, then the intent', async () => {
    const { run } = await master('mst_1', { maxWorkers: 1 })
    await run(5, 1)
    const [id] = driver.alive
    assert.ok(id)
    const terminate = driver.terminate.bind(driver)
    driver.terminate = async (ids) => {
      if (ids.includes(id)) {
        assert.equal(await stateOf(id), 'condemned')
        assert.ok(id in (await intents()))
      }
      return terminate(ids)
    }
    await run(65, 1)
    assert.ok(driver.terminations.includes(id))
    assert.ok(!(id in (await intents())))
    assert.equal(await worker(id).register(), false)
  })

  it('keeps a machine that registers in the moment in which it is given up', async () => {
    const { run, tick } = await master('mst_1', { maxWorkers: 1 })
    await run(5, 1)
    const [id] = driver.alive
    assert.ok(id)
    await run(60, 1)
    await clock.advance(5 * SEC)
    // The look has listed `w/` without it.
    before = { key: workerKey(id), act: () => worker(id).register() }
    await tick(1)
    assert.equal(before, undefined)
    await tick(1)
    assert.deepEqual(driver.terminations, [])
    assert.ok(id in (await intents()))
  })

  it('consumes the token before it drops the intent, where the provider remembers tokens (H7)', async () => {
    driver = makeDriver(true)
    launchFault = 'late'
    const { run } = await master('mst_1', { maxWorkers: 1 })
    await run(60, 1)
    const [id] = driver.launches
    assert.ok(id)
    assert.equal(driver.alive.length, 0)
    before = {
      key: workerKey(id),
      act: async () => {
        launchFault = 'none' // from the moment in which it is given up
      },
    }
    await run(10, 1)
    assert.ok(!(id in (await intents())))
    assert.ok(driver.terminations.includes(id))
    driver.happen(id) // the zombie's launch arrives
    assert.ok(!driver.alive.includes(id))
  })

  it('finishes what a master that crashed in the middle of a give-up began', async () => {
    const { lease, run, tick } = await master('mst_1', { maxWorkers: 1 })
    await run(65, 1)
    const [id] = driver.alive
    assert.ok(id)
    storeFault = ({ verb, key }) => (verb === 'write' && key === FLEET_KEY ? 'unavailable' : 'none')
    await clock.advance(5 * SEC)
    await tick(1)
    storeFault = () => 'none'
    assert.equal(await stateOf(id), 'condemned')
    assert.ok(id in (await intents()))
    await lease.layDown()
    const second = await master('mst_2', { maxWorkers: 1 })
    await second.tick(1)
    assert.ok(!(id in (await intents())))
  })

  it('reaps a machine that no intent stands for, and never lets its worker in', async () => {
    const { tick } = await master()
    await driver.launch(['wrk_stray'])
    await tick()
    assert.deepEqual(driver.alive, [])
    assert.equal(await worker('wrk_stray').register(), false)
  })

  it('adopts a working machine when the record of the fleet was lost', async () => {
    const { ids } = await grown(1)
    const [id] = ids
    assert.ok(id)
    await worker(id).takeUp('job_1', 'lea_1')
    await store.delete(FLEET_KEY)
    const second = await master('mst_2')
    await second.run(10, 0, 1)
    assert.deepEqual(driver.alive, [id])
    assert.deepEqual(Object.keys(await intents()), [id])
  })

  it('does not drain a worker that took a job after it was seen idle (P7)', async () => {
    const { fleet, lease, ids } = await grown(1, { minWorkers: 1 })
    const [id] = ids
    assert.ok(id)
    await lease.layDown()
    const m = await master('mst_2', { minWorkers: 0 })
    await m.run(15)
    await clock.advance(5 * SEC)
    await worker(id).beat()
    await fleet.tick(census())
    before = { key: workerKey(id), act: () => worker(id).takeUp('job_1', 'lea_1') }
    await m.tick()
    assert.equal(before, undefined, 'the master tried to drain it')
    await m.run(20, 0, 1)
    assert.equal(await stateOf(id), 'busy')
    assert.deepEqual(driver.terminations, [])
  })

  it('never drains, condemns or terminates static workers', async () => {
    const fixed = new FakeWorker({ store, clock, id: 'wrk_static' })
    await fixed.register(true)
    const { tick, lease } = await master()
    for (let t = 0; t < 100; t++) {
      await clock.advance(5 * SEC)
      await lease.tend()
      await tick()
    }
    assert.equal(await stateOf('wrk_static'), 'idle')
  })

  it('deletes the records of workers that are gone for long, but none that a running job names', async () => {
    const { run } = await master()
    for (const id of ['wrk_a', 'wrk_b']) {
      const gone = new FakeWorker({ store, clock, id })
      await gone.register()
      if (id === 'wrk_b') await gone.takeUp('job_1', 'lea_1')
    }
    await store.create(jobKey('job_1'), { status: 'running', lease: { worker: 'wrk_b' } })
    await run(70)
    assert.deepEqual([await stateOf('wrk_a'), await stateOf('wrk_b')], ['condemned', 'condemned'])
    await run(610)
    assert.deepEqual([await stateOf('wrk_a'), await stateOf('wrk_b')], [undefined, 'condemned'])
  })

  it('lets one machine that cannot be handled keep none of the others waiting', async () => {
    const { ids, run } = await grown(3)
    for (const id of ids) driver.die(id)
    storeFault = ({ verb, key }) =>
      verb === 'write' && key === workerKey(ids[0] ?? '') ? 'unavailable' : 'none'
    await run(15)
    assert.deepEqual(await Promise.all(ids.map(stateOf)), ['idle', 'condemned', 'condemned'])
  })

  it('ends every worker and every intent when it is told to', async () => {
    const { fleet, ids } = await grown(3)
    const ended = fleet.end(new AbortController().signal)
    await clock.advance(SEC)
    await ended
    assert.deepEqual(driver.alive, [])
    assert.deepEqual(await intents(), {})
    for (const id of ids) assert.equal(await stateOf(id), 'condemned')
  })

  it('tells in the record what it saw and why it acts', async () => {
    const { lease, tick } = await master()
    await tick(50)
    await clock.advance(10 * SEC)
    await lease.tend()
    const { summary } = (await store.get<FleetRecord>(FLEET_KEY))?.value ?? {}
    assert.equal(summary?.queued, 50)
    assert.match(summary.reason, /50 queued/)
  })
})
