import assert from 'node:assert/strict'
import { nextDelivery } from '#shared/webhooks/schedule.ts'

describe('the schedule of deliveries', () => {
  it('tries at once, then ever later, and gives up after the tenth try', () => {
    const waitsSec = Array.from({ length: 11 }, (_, attempts) => nextDelivery(attempts)).map(
      (ms) => ms && ms / 1000,
    )
    assert.deepEqual(waitsSec, [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, undefined])
  })
})
