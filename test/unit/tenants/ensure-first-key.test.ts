import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { ensureFirstKey } from '#shared/tenants/ensure-first-key.ts'
import { Keys } from '#shared/tenants/keys.ts'
import { Tenants } from '#shared/tenants/tenants.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function newKeys(): Keys {
  const clock = new FakeClock()
  const store = new RecordStore({ objects: new MemoryObjects(), clock })
  return new Keys({ store, clock, tenants: new Tenants({ store, clock }) })
}

describe('the first key', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'reelmill-first-key-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('is made once, in a file that only its owner reads', async () => {
    const keys = newKeys()
    const file = path.join(folder, 'data', 'key')
    const first = await ensureFirstKey(keys, file)
    assert.equal(first.made, true)
    assert.equal((await readFile(file, 'utf8')).trim(), first.key)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.deepEqual(await ensureFirstKey(keys, file), { key: first.key, made: false })
  })

  it('is made anew when the store does not know it or it is revoked', async () => {
    const file = path.join(folder, 'key')
    const first = await ensureFirstKey(newKeys(), file)
    const keys = newKeys()
    const second = await ensureFirstKey(keys, file)
    assert.notEqual(second.key, first.key)
    const record = await keys.find(second.key)
    await keys.revoke(record?.id ?? '')
    assert.equal((await ensureFirstKey(keys, file)).made, true)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
  })
})
