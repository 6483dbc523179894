import assert from 'node:assert/strict'
import { parseFleet } from '#shared/fleet/fleet-record.ts'

const record = {
  kind: 'fleet',
  version: 1,
  rev: 3,
  writeId: 'w',
  owner: 'mst_1',
  epoch: 2,
  renewedAt: '2026-01-01T00:00:00.000Z',
  intents: { wrk_1: { state: 'up', driver: 'process', since: '2026-01-01T00:00:00.000Z' } },
}
const found = (value: typeof record) => ({ key: 'fleet/state.json', etag: 'e', value })

describe('the record of the fleet', () => {
  it('is read as it is, with fields that this version does not know', () => {
    const later = { ...record, zones: ['a'] }
    assert.deepEqual(parseFleet(found(later)), later)
  })

  it('of a newer version is told apart, to be left alone', () => {
    assert.equal(parseFleet(found({ ...record, version: 2 })).kind, 'newer')
  })

  it('that is damaged is no record', () => {
    assert.throws(() => parseFleet(found({ ...record, epoch: 1.5 })), { code: 'internal' })
  })
})
