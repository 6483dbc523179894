import assert from 'node:assert/strict'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { Keys } from '#shared/tenants/keys.ts'
import { Tenants } from '#shared/tenants/tenants.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const DAY_MS = 24 * 3_600_000

function bench() {
  const clock = new FakeClock()
  const objects = new MemoryObjects()
  const store = new RecordStore({ objects, clock })
  const tenants = new Tenants({ store, clock })
  return { clock, objects, store, tenants, keys: new Keys({ store, clock, tenants }) }
}

describe('tenants', () => {
  it('are made once, with a secret of their own and no grants', async () => {
    const { tenants } = bench()
    const [first, again] = [await tenants.ensure('acme'), await tenants.ensure('acme')]
    const other = await tenants.ensure('zeta')
    assert.deepEqual(first.value, again.value)
    assert.deepEqual(first.value.grants, [])
    assert.notEqual(first.value.webhookSecrets[0]?.secret, other.value.webhookSecrets[0]?.secret)
    assert.deepEqual(await tenants.list(), ['acme', 'zeta'])
  })

  it('have names that can be parts of keys', async () => {
    const { tenants } = bench()
    for (const name of ['', 'a/b', '..', 'Acme', '-a', 'a-', 'a'.repeat(41)]) {
      await assert.rejects(tenants.ensure(name), { code: 'invalid-request' }, name)
    }
  })

  it('may be granted whole folders only, so that no neighbour with a longer name is opened', async () => {
    const { tenants } = bench()
    for (const prefix of [
      's3://movies',
      's3://movies/in',
      'http://movies/',
      's3://UP/',
      'movies/',
      's3:///x/',
    ]) {
      await assert.rejects(tenants.grant('acme', prefix), { code: 'invalid-request' }, prefix)
    }
    await tenants.grant('acme', 's3://movies/in/')
    await tenants.grant('acme', 's3://movies/in/')
    assert.deepEqual((await tenants.read('acme'))?.grants, ['s3://movies/in/'])
    await tenants.ungrant('acme', 's3://movies/in/')
    assert.deepEqual((await tenants.read('acme'))?.grants, [])
  })

  it('sign with the old webhook secrets, too, for a day after each rotation', async () => {
    const { tenants, clock } = bench()
    const [first] = await tenants.webhookSecrets('acme')
    const second = await tenants.rotateWebhookSecret('acme')
    assert.deepEqual(await tenants.webhookSecrets('acme'), [second, first])
    await clock.advance(DAY_MS / 2)
    const third = await tenants.rotateWebhookSecret('acme')
    assert.deepEqual(await tenants.webhookSecrets('acme'), [third, second, first])
    await clock.advance(DAY_MS / 2 + 1)
    assert.deepEqual(await tenants.webhookSecrets('acme'), [third, second])
    await clock.advance(DAY_MS)
    assert.deepEqual(await tenants.webhookSecrets('acme'), [third])
    assert.match(third, /^whsec_[A-Za-z0-9+/]{43}=$/)
  })
})

describe('keys', () => {
  it('are found by what was shown, and stored only as hashes', async () => {
    const { keys, objects } = bench()
    const { key, record } = await keys.create({ tenant: 'acme', scopes: ['read'], label: 'robot' })
    assert.match(key, /^rmk_[A-Za-z0-9_-]{43}$/)
    assert.deepEqual(await keys.find(key), record)
    assert.equal(await keys.find(`${key}x`), undefined)
    for (const [name, body] of objects.snapshot()) assert.ok(!`${name} ${body}`.includes(key), name)
  })

  it('are revoked by their id, for good', async () => {
    const { keys, clock } = bench()
    const first = await keys.create({ tenant: 'acme', scopes: ['read'] })
    await clock.advance(1)
    const second = await keys.create({ tenant: 'acme', scopes: ['read'] })
    await keys.create({ tenant: 'zeta', scopes: ['admin'] })
    await keys.revoke(second.record.id)
    await keys.revoke(second.record.id)
    assert.ok((await keys.find(second.key))?.revokedAt)
    assert.equal((await keys.find(first.key))?.revokedAt, undefined)
    assert.deepEqual(
      (await keys.list('acme')).map(({ id, revokedAt }) => [id, revokedAt !== undefined]),
      [
        [first.record.id, false],
        [second.record.id, true],
      ],
    )
    await assert.rejects(keys.revoke('key_unknown'), { code: 'not-found' })
  })

  it('leave nothing in the store that no list shows when making one stops half-way', async () => {
    const clock = new FakeClock()
    const objects = new MemoryObjects({
      fault: ({ verb, key }) => (verb === 'write' && key.startsWith('k/') ? 'late' : 'none'),
    })
    const store = new RecordStore({ objects, clock, patienceMs: 0 })
    const tenants = new Tenants({ store, clock })
    await assert.rejects(new Keys({ store, clock, tenants }).create({ tenant: 'acme', scopes: ['admin'] }))
    for (const write of objects.late) write.apply()
    assert.equal((await new Keys({ store, clock, tenants }).list('acme')).length, 1)
  })
})
