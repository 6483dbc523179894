import assert from 'node:assert/strict'
import type { StateStore } from '#shared/state/state-store.ts'

interface Counter extends Record<string, unknown> {
  readonly count: number
  readonly by?: string
}

/** What every `StateStore` must do, whatever is underneath. Run it over each implementation. */
export function stateStoreSuite(open: () => Promise<{ store: StateStore; close?(): Promise<void> }>): void {
  let store: StateStore
  let close: (() => Promise<void>) | undefined
  let prefix: string
  beforeEach(async () => {
    const opened = await open()
    store = opened.store
    close = opened.close?.bind(opened)
    prefix = `suite/${Math.random().toString(36).slice(2)}/`
  })
  afterEach(() => close?.())
  const create = (name: string, count = 0) => store.create<Counter>(`${prefix}${name}`, { count })

  it('finds nothing where nothing was created', async () => {
    assert.equal(await store.get(`${prefix}none`), undefined)
  })

  it('reads back what was created, with revision 1 and a write id', async () => {
    await create('a', 7)
    const found = await store.get<Counter>(`${prefix}a`)
    assert.equal(found?.value.count, 7)
    assert.equal(found.value.rev, 1)
    assert.match(found.value.writeId, /^[0-9a-f-]{36}$/)
  })

  it('creates a key once and shows the other what is there', async () => {
    const first = await create('a', 1)
    const second = await create('a', 2)
    assert.equal(first.outcome, 'created')
    assert.equal(second.outcome, 'exists')
    assert.equal(second.found.value.count, 1)
  })

  it('lets exactly one of 32 creators win', async () => {
    const answers = await Promise.all(Array.from({ length: 32 }, (_, i) => create('race', i)))
    assert.equal(answers.filter((answer) => answer.outcome === 'created').length, 1)
    const values = new Set(answers.map((answer) => answer.found.value.writeId))
    assert.equal(values.size, 1, 'all see the one winner')
  })

  it('loses no increment of 32 swappers', async () => {
    const { found } = await create('sum')
    await Promise.all(
      Array.from({ length: 32 }, () =>
        store.swap(
          found,
          (value) => ({ ...value, count: value.count + 1 }),
          () => false,
        ),
      ),
    )
    const after = await store.get<Counter>(`${prefix}sum`)
    assert.equal(after?.value.count, 32)
    assert.equal(after.value.rev, 33)
  })

  it('lets exactly one of 32 win a swap that is legal once', async () => {
    const { found } = await create('once')
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, i) =>
        store.swap<Counter>(
          found,
          (value) => (value.by === undefined ? { ...value, by: `me${i}` } : undefined),
          (value) => value.by === `me${i}`,
        ),
      ),
    )
    const done = answers.filter((answer) => answer.outcome === 'done')
    assert.equal(done.length, 1)
    assert.ok(answers.every((answer) => answer.found?.value.by === done[0]?.found?.value.by))
  })

  it('keeps fields that nobody here knows through a swap', async () => {
    const { found } = await store.create(`${prefix}a`, { count: 1, ofTheFuture: { deep: [1, 2] } })
    await store.swap(
      found,
      (value) => ({ ...value, count: 2 }),
      () => false,
    )
    const after = await store.get(`${prefix}a`)
    assert.deepEqual(after?.value.ofTheFuture, { deep: [1, 2] })
  })

  it('gives equal contents different ETags, so that A-B-A is seen', async () => {
    const { found } = await create('aba', 1)
    const b = await store.swap<Counter>(
      found,
      (value) => ({ ...value, count: 2 }),
      () => false,
    )
    assert.ok(b.found)
    const a = await store.swap<Counter>(
      b.found,
      (value) => ({ ...value, count: 1 }),
      () => false,
    )
    assert.notEqual(a.found?.etag, found.etag)
  })

  it('swaps from a stale reading by reading again', async () => {
    const { found } = await create('stale', 1)
    await store.swap<Counter>(
      found,
      (value) => ({ ...value, count: 10 }),
      () => false,
    )
    const again = await store.swap<Counter>(
      found,
      (value) => ({ ...value, count: value.count + 1 }),
      () => false,
    )
    assert.equal(again.outcome, 'done')
    assert.equal(again.found?.value.count, 11)
  })

  it('loses a swap whose change is not legal, and says what stands', async () => {
    const { found } = await create('illegal', 5)
    const answer = await store.swap(
      found,
      () => undefined,
      () => false,
    )
    assert.equal(answer.outcome, 'lost')
    assert.equal(answer.found?.value.count, 5)
  })

  it('judges a change by what stands now, not by what the caller once read', async () => {
    const { found } = await create('judged', 1)
    await store.swap<Counter>(
      found,
      (value) => ({ ...value, by: 'you may' }),
      () => false,
    )
    const answer = await store.swap<Counter>(
      found,
      (value) => (value.by === 'you may' ? { ...value, count: 2 } : undefined),
      () => false,
    )
    assert.equal(answer.outcome, 'done')
    assert.equal(answer.found?.value.count, 2)
  })

  it('loses a swap of a record that is gone', async () => {
    const { found } = await create('gone')
    await store.delete(`${prefix}gone`)
    const answer = await store.swap(
      found,
      (value) => value,
      () => false,
    )
    assert.deepEqual(answer, { outcome: 'lost', found: undefined })
  })

  it('answers a poll with "unchanged" until the record changes', async () => {
    const { found } = await create('poll', 1)
    assert.equal(await store.getIfChanged(found.key, found.etag), 'unchanged')
    await store.swap(
      found,
      (value) => ({ ...value, count: 2 }),
      () => false,
    )
    const changed = await store.getIfChanged<Counter>(found.key, found.etag)
    assert.ok(changed && changed !== 'unchanged')
    assert.equal(changed.value.count, 2)
    assert.equal(await store.getIfChanged(`${prefix}none`, found.etag), undefined)
  })

  it('lists every acknowledged hint at once, in the order of UTF-8 bytes, in pages', async () => {
    // U+FF5E sorts before U+1F600 in UTF-8 and after it in UTF-16.
    const names = ['b', 'a', 'a/z', '\u{1F600}', '～', 'A']
    await Promise.all(names.map((name) => store.putHint(`${prefix}${name}`)))
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await store.listHints(prefix, { limit: 2, ...(after !== undefined && { after }) })
      assert.ok(page.hints.length <= 2)
      seen.push(...page.hints.map(({ key }) => key.slice(prefix.length)))
      after = page.next
    } while (after !== undefined)
    assert.deepEqual(seen, ['A', 'a', 'a/z', 'b', '～', '\u{1F600}'])
  })

  it('shows in a list that a record has changed', async () => {
    const { found } = await create('w')
    const before = await store.listHints(prefix)
    await store.swap(
      found,
      (value) => ({ ...value, count: 1 }),
      () => false,
    )
    const after = await store.listHints(prefix)
    assert.equal(before.hints[0]?.etag, found.etag)
    assert.notEqual(after.hints[0]?.etag, found.etag)
  })

  it('puts and deletes hints as often as one likes', async () => {
    await store.putHint(`${prefix}h`)
    await store.putHint(`${prefix}h`)
    await store.delete(`${prefix}h`)
    await store.delete(`${prefix}h`)
    assert.deepEqual((await store.listHints(prefix)).hints, [])
  })
}
