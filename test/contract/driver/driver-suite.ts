import assert from 'node:assert/strict'
import { newId } from '#shared/ids.ts'
import type { Driver, Machine } from '../../../services/master/drivers/driver.ts'

/** One fresh provider for one test, and the hand of fate on its machines. */
export interface DriverRig {
  readonly driver: Driver
  /** A second driver on the same provider and fleet, as a restarted master makes. */
  reopen(): Promise<Driver>
  /** Lets the machine die without the driver's doing. */
  kill(id: string): Promise<void>
  /** A driver whose launches cannot succeed, for lack of what they start. */
  broken(): Promise<Driver>
  dispose(): Promise<void>
}

const PATIENCE_MS = 10_000

/** The contract of `Driver`, for every implementation. The list may lag, so the suite waits for what it shows. */
export function driverSuite(name: string, open: () => Promise<DriverRig>): void {
  describe(`driver contract: ${name}`, () => {
    let rig: DriverRig
    const fresh = () => newId('wrk', Date.now())
    beforeEach(async () => {
      rig = await open()
    })
    afterEach(() => rig.dispose())

    it('launches machines that its list then shows as alive, by the ids they were given', async () => {
      const ids = [fresh(), fresh()]
      const results = await rig.driver.launch(ids)
      assert.deepEqual(
        results,
        ids.map((id) => ({ id, outcome: 'launched' })),
      )
      await until(rig.driver, (machines) => ids.every((id) => stateOf(machines, id) === 'alive'))
    })

    it('makes one machine of one id, however often and by whomever it is launched', async () => {
      const id = fresh()
      await rig.driver.launch([id])
      await until(rig.driver, (machines) => stateOf(machines, id) === 'alive')
      const second = await rig.reopen()
      const results = await Promise.all([rig.driver.launch([id]), second.launch([id])])
      assert.deepEqual(results.flat(), [
        { id, outcome: 'exists' },
        { id, outcome: 'exists' },
      ])
      assert.equal((await rig.driver.list()).length, 1)
    })

    it('lets only one of two simultaneous launches of an id become a machine', async () => {
      const id = fresh()
      const second = await rig.reopen()
      await Promise.all([rig.driver.launch([id]), second.launch([id])])
      await until(rig.driver, (machines) => stateOf(machines, id) === 'alive')
      assert.equal((await rig.driver.list()).filter((m) => m.id === id).length, 1)
    })

    it('knows after a restart what was launched before, and can end it', async () => {
      const id = fresh()
      await rig.driver.launch([id])
      await until(rig.driver, (machines) => stateOf(machines, id) === 'alive')
      const later = await rig.reopen()
      assert.equal(stateOf(await later.list(), id), 'alive')
      assert.deepEqual(await later.terminate([id]), [{ id, outcome: 'ending' }])
      await until(later, (machines) => stateOf(machines, id) !== 'alive')
    })

    it('terminates what it is told and nothing else, and forgets it when told again', async () => {
      const [ours, other] = [fresh(), fresh()]
      await rig.driver.launch([ours, other])
      await until(rig.driver, (machines) => machines.filter((m) => m.state === 'alive').length === 2)
      assert.deepEqual(await rig.driver.terminate([ours]), [{ id: ours, outcome: 'ending' }])
      await until(rig.driver, (machines) => stateOf(machines, ours) !== 'alive')
      assert.deepEqual(await rig.driver.terminate([ours]), [{ id: ours, outcome: 'gone' }])
      await until(rig.driver, (machines) => stateOf(machines, ours) === undefined)
      assert.equal(stateOf(await rig.driver.list(), other), 'alive')
    })

    it('answers `gone` for what never was, beside the results of the others', async () => {
      const [there, never] = [fresh(), fresh()]
      await rig.driver.launch([there])
      await until(rig.driver, (machines) => stateOf(machines, there) === 'alive')
      assert.deepEqual(await rig.driver.terminate([never, there]), [
        { id: never, outcome: 'gone' },
        { id: there, outcome: 'ending' },
      ])
    })

    it('shows a machine that died as ended, and tells whoever listens', async () => {
      const id = fresh()
      const exits: string[] = []
      rig.driver.onExit((gone) => exits.push(gone))
      await rig.driver.launch([id])
      await until(rig.driver, (machines) => stateOf(machines, id) === 'alive')
      await rig.kill(id)
      await until(rig.driver, (machines) => stateOf(machines, id) === 'ended' && exits.includes(id))
    })

    it('does not launch an ended machine again until it was cleaned away', async () => {
      const id = fresh()
      await rig.driver.launch([id])
      await until(rig.driver, (machines) => stateOf(machines, id) === 'alive')
      await rig.kill(id)
      await until(rig.driver, (machines) => stateOf(machines, id) === 'ended')
      assert.deepEqual(await rig.driver.launch([id]), [{ id, outcome: 'exists' }])
      assert.equal(stateOf(await rig.driver.list(), id), 'ended')
    })

    it('answers a launch that cannot be with its kind and a reason, and throws nothing', async () => {
      const broken = await rig.broken()
      const id = fresh()
      const [result] = await broken.launch([id])
      assert.equal(result?.outcome, 'failed')
      assert.equal(result.failure.kind, 'not-found')
      assert.notEqual(result.failure.reason, '')
      assert.equal(stateOf(await broken.list(), id), undefined)
    })
  })
}

const stateOf = (machines: readonly Machine[], id: string): Machine['state'] | undefined =>
  machines.find((machine) => machine.id === id)?.state

/** Lists until `isSo`: a provider has no event for what its list shows. */
async function until(driver: Driver, isSo: (machines: readonly Machine[]) => boolean): Promise<void> {
  const endsAt = performance.now() + PATIENCE_MS
  for (;;) {
    const machines = await driver.list()
    if (isSo(machines)) return
    if (performance.now() > endsAt) assert.fail(`the list stays ${JSON.stringify(machines)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
