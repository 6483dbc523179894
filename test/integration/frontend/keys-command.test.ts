import assert from 'node:assert/strict'
import { systemClock } from '#shared/clock.ts'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { Keys } from '#shared/tenants/keys.ts'
import { Tenants } from '#shared/tenants/tenants.ts'
import { runKeysCommand } from '../../../scripts/keys/keys-command.ts'

describe('npm run keys', () => {
  function bench() {
    const clock = systemClock
    const store = new RecordStore({ objects: new MemoryObjects(), clock })
    const tenants = new Tenants({ store, clock })
    const keys = new Keys({ store, clock, tenants })
    return {
      tenants,
      keys,
      async run(...args: string[]) {
        const results: string[] = []
        const notes: string[] = []
        await runKeysCommand(args, {
          tenants,
          keys,
          result: (line) => void results.push(line),
          note: (line) => void notes.push(line),
        })
        return { results, notes: notes.join('\n') }
      },
    }
  }

  it('creates a key whose only result is the key itself, for scripts to read', async () => {
    const { run, keys } = bench()
    const { results, notes } = await run('create', '--tenant', 'acme', '--scopes', 'read', '--label', 'robot')
    assert.equal(results.length, 1)
    const record = await keys.find(results[0] ?? '')
    assert.deepEqual([record?.tenant, record?.scopes, record?.label], ['acme', ['read'], 'robot'])
    assert.ok(notes.includes(record?.id ?? '-') && !notes.includes(results[0] ?? '-'))
  })

  it('creates for the default tenant, to submit and read, unless told otherwise', async () => {
    const { run, keys } = bench()
    const record = await keys.find((await run('create')).results[0] ?? '')
    assert.deepEqual([record?.tenant, record?.scopes], ['default', ['submit', 'read']])
  })

  it('lists tenants with grants and keys, and revokes a key by its id', async () => {
    const { run, keys } = bench()
    const key = (await run('create', '--tenant', 'acme')).results[0] ?? ''
    await run('create', '--tenant', 'zeta')
    await run('grant', '--tenant', 'acme', 's3://movies/')
    const id = (await keys.find(key))?.id ?? ''
    await run('revoke', id)
    const text = (await run('list')).results.join('\n')
    assert.match(text, /^acme {2}reads s3:\/\/movies\/$/m)
    assert.match(text, /^zeta$/m)
    assert.match(text, new RegExp(`${id} .*revoked`))
    assert.ok(!text.includes('rmk_'))
    await run('ungrant', '--tenant', 'acme', 's3://movies/')
    assert.deepEqual((await run('list', '--tenant', 'acme')).results[0], 'acme')
  })

  it('shows and rotates what webhooks are signed with', async () => {
    const { run } = bench()
    await run('create', '--tenant', 'acme')
    const [first] = (await run('webhook-secret', '--tenant', 'acme')).results
    const [second] = (await run('webhook-secret', '--rotate', '--tenant', 'acme')).results
    assert.deepEqual((await run('webhook-secret', '--tenant', 'acme')).results, [second, first])
  })

  it('refuses what makes no sense with a sentence, and changes nothing', async () => {
    const { run, tenants } = bench()
    for (const args of [
      [],
      ['bla'],
      ['create', '--scopes', 'all'],
      ['create', '--tenant', 'A B'],
      ['create', '--speed', '9'],
      ['revoke'],
      ['grant', 's3://movies/'],
      ['grant', '--tenant', 'acme'],
      ['create', 'a', 'b'],
    ]) {
      await assert.rejects(run(...args), { code: 'invalid-request' }, args.join(' '))
    }
    await assert.rejects(run('webhook-secret', '--tenant', 'nobody'), { code: 'not-found' })
    await assert.rejects(run('list', '--tenant', 'nobody'), { code: 'not-found' })
    assert.deepEqual(await tenants.list(), [])
  })

  it('refuses what a command does not take, instead of doing something else', async () => {
    const { run, tenants } = bench()
    const { results } = await run('create')
    for (const args of [
      ['create', 'bob'],
      ['create', '--rotate'],
      ['list', 'bob'],
      ['list', '--label', 'x'],
      ['webhook-secret', 'bob'],
      ['webhook-secret', '--scopes', 'read'],
      ['revoke', 'key_1', '--tenant', 'bob'],
      ['revoke', 'key_1', 'key_2'],
      ['grant', 's3://a/', '--tenant', 'default', '--label', 'x'],
      ['revoke-user', 'bob', '--tenant', 'acme'],
    ]) {
      await assert.rejects(run(...args), (error: Error) => {
        assert.match(error.message, /takes no[\s\S]*npm run keys -- <command>/, args.join(' '))
        return true
      })
    }
    await assert.rejects(
      run('create', 'bob'),
      /^ReelmillError: "create" takes no "bob"\. Options begin with --/,
    )
    assert.deepEqual(await tenants.list(), ['default'])
    assert.equal((await run('list')).results.length, 2, `only ${results.length} key was made`)
  })
})
