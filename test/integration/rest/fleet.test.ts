import assert from 'node:assert/strict'
import type { Fleet } from '../../../services/frontend/shapes/fleet.ts'
import { startTestFrontend } from '../../support/frontend.ts'

describe('the fleet', () => {
  it('is empty before there was a master, and then what the master wrote', async () => {
    await using frontend = await startTestFrontend()
    const fleet = async () => (await (await frontend.call('GET', '/v1/fleet')).json()) as Fleet
    assert.deepEqual(await fleet(), { machines: [] })
    const at = new Date().toISOString()
    await frontend.store.create('fleet/state.json', {
      kind: 'fleet',
      version: 1,
      owner: 'mst_1',
      epoch: 3,
      renewedAt: at,
      intents: { wrk_1: { state: 'up', driver: 'process', since: at } },
    })
    const { master, machines } = await fleet()
    assert.deepEqual(master, { id: 'mst_1', epoch: 3, renewedAt: at })
    assert.deepEqual(machines, [{ id: 'wrk_1', state: 'up', driver: 'process', since: at }])
  })
})
