import assert from 'node:assert/strict'
import { type Call, MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { KeyRing } from '#shared/tenants/key-ring.ts'
import { Keys } from '#shared/tenants/keys.ts'
import { Tenants } from '#shared/tenants/tenants.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function bench() {
  const clock = new FakeClock()
  const reads: Call[] = []
  let isDown = false
  const objects = new MemoryObjects({
    fault: (call) => {
      if (call.verb === 'read' && call.key.startsWith('k/')) reads.push(call)
      return isDown ? 'unavailable' : 'none'
    },
  })
  const store = new RecordStore({ objects, clock, patienceMs: 0 })
  const keys = new Keys({ store, clock, tenants: new Tenants({ store, clock }) })
  return {
    clock,
    keys,
    reads,
    ring: new KeyRing({ keys, clock, rememberMs: 3_000 }),
    setDown: (down: boolean) => {
      isDown = down
    },
  }
}

describe('the key ring', () => {
  it('tells whose a key is, and reads it once for all requests of a few seconds', async () => {
    const { keys, ring, reads } = bench()
    const { key, record } = await keys.create({ tenant: 'acme', scopes: ['submit'] })
    reads.length = 0
    const callers = await Promise.all([
      ring.authenticate(key),
      ring.authenticate(key),
      ring.authenticate(key),
    ])
    assert.deepEqual(callers[0], { tenant: 'acme', keyId: record.id, scopes: ['submit'] })
    assert.equal(reads.length, 1)
  })

  it('refuses a revoked key as soon as its memory of it is over', async () => {
    const { keys, ring, clock } = bench()
    const { key, record } = await keys.create({ tenant: 'acme', scopes: ['submit'] })
    await ring.authenticate(key)
    await keys.revoke(record.id)
    await clock.advance(3_000)
    await assert.rejects(ring.authenticate(key), { code: 'unauthenticated' })
  })

  it('refuses what is no key without asking the store', async () => {
    const { ring, reads } = bench()
    for (const key of ['', 'rmk_short', 'rmk_../../../../../../etc', `whk_${'a'.repeat(40)}`]) {
      await assert.rejects(ring.authenticate(key), { code: 'unauthenticated' }, key)
    }
    assert.equal(reads.length, 0)
  })

  it('does not take a store that is down for a key that is wrong', async () => {
    const { keys, ring, setDown } = bench()
    const { key } = await keys.create({ tenant: 'acme', scopes: ['submit'] })
    setDown(true)
    await assert.rejects(ring.authenticate(key), { code: 'store-unavailable' })
    setDown(false)
    assert.equal((await ring.authenticate(key)).tenant, 'acme')
  })
})
