import assert from 'node:assert/strict'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { Nonces } from '#shared/tenants/nonces.ts'
import { SecretBox } from '#shared/tenants/secret-box.ts'
import { Tenants } from '#shared/tenants/tenants.ts'
import { Users } from '#shared/tenants/users.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const HOUR_MS = 3_600_000
const aKey = Buffer.alloc(32, 1).toString('base64')
const otherKey = Buffer.alloc(32, 2).toString('base64')

function bench() {
  const clock = new FakeClock()
  const objects = new MemoryObjects()
  const store = new RecordStore({ objects, clock })
  const tenants = new Tenants({ store, clock })
  const users = (key = aKey) => new Users({ store, clock, tenants, box: new SecretBox(key) })
  return { clock, objects, store, users }
}

describe('users for PasswordDigest', () => {
  it('have a secret that can be read again, but not from the store alone', async () => {
    const { users, objects } = bench()
    const { secret } = await users().create({ name: 'legacy', tenant: 'acme', scopes: ['submit'] })
    assert.deepEqual(await users().find('legacy'), {
      secret,
      caller: { tenant: 'acme', keyId: 'user legacy', scopes: ['submit'] },
    })
    assert.ok(![...objects.snapshot().values()].some((body) => body.includes(secret)))
    await assert.rejects(users(otherKey).find('legacy'), { code: 'internal' })
  })

  it('have names of their own among all tenants, and are nobody once revoked', async () => {
    const { users } = bench()
    await users().create({ name: 'legacy', tenant: 'acme', scopes: ['submit'] })
    const taken = users().create({ name: 'legacy', tenant: 'zeta', scopes: ['submit'] })
    await assert.rejects(taken, { code: 'conflict' })
    await users().revoke('legacy')
    assert.equal(await users().find('legacy'), undefined)
    assert.equal(await users().find('nobody'), undefined)
    await assert.rejects(users().create({ name: 'legacy', tenant: 'acme', scopes: ['read'] }), {
      code: 'conflict',
    })
    await assert.rejects(users().create({ name: 'a/b', tenant: 'acme', scopes: ['read'] }), {
      code: 'invalid-request',
    })
    await assert.rejects(users().revoke('nobody'), { code: 'not-found' })
  })

  it('have secrets that cannot be moved from one user to another', () => {
    const box = new SecretBox(aKey)
    assert.equal(box.open(box.seal('x', 'a'), 'a'), 'x')
    assert.throws(() => box.open(box.seal('x', 'a'), 'b'), { code: 'internal' })
    assert.throws(() => new SecretBox('short'), { code: 'configuration-invalid' })
  })
})

describe('nonces', () => {
  it('are taken once, by one of many at once, also over the turn of an hour', async () => {
    const { store, clock } = bench()
    const frontends = Array.from({ length: 4 }, () => new Nonces({ store, clock }))
    const until = clock.now() + HOUR_MS
    const taken = await Promise.all(
      frontends.map((nonces, index) => nonces.take('n', until + (index % 2) * HOUR_MS)),
    )
    assert.ok(taken.filter(Boolean).length <= 1)
    assert.equal(await frontends[0]?.take('n', until), false)
    assert.equal(await frontends[0]?.take('n', until + HOUR_MS), false)
    assert.equal(await frontends[0]?.take('other', until), true)
  })

  it('are forgotten when no message could use them any more', async () => {
    const { store, clock, objects } = bench()
    const nonces = new Nonces({ store, clock })
    await nonces.take('n', clock.now() + 60_000)
    await clock.advance(3 * HOUR_MS)
    await nonces.take('later', clock.now() + 60_000)
    assert.deepEqual(
      [...objects.snapshot('nonce/').keys()].map((key) => key.split('/').at(-1)),
      ['later'],
    )
  })
})
