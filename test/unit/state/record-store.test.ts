import assert from 'node:assert/strict'
import { systemClock } from '#shared/clock.ts'
import { hasCode } from '#shared/errors.ts'
import { type Call, type Fault, MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'

interface Counter extends Record<string, unknown> {
  readonly count: number
  readonly by?: string
}

/** A store whose calls meet `faults` in order, and none after that. */
function faulty(...faults: Fault[]) {
  const calls: Call[] = []
  let armed = false
  const objects = new MemoryObjects({
    fault: (call) => {
      if (armed) calls.push(call)
      return armed ? (faults.shift() ?? 'none') : 'none'
    },
  })
  const backoff = { firstMs: 1, mostMs: 1 }
  const store = new RecordStore({ objects, clock: systemClock, patienceMs: 500, backoff })
  return {
    objects,
    store,
    calls,
    /** Faults and the record of calls begin here. */
    arm: () => {
      armed = true
    },
  }
}

const increment = (value: Counter): Counter => ({ ...value, count: value.count + 1 })

describe('a swap that gets no clean answer', () => {
  it('is done when the write was applied and only its answer was lost', async () => {
    const { store, arm } = faulty('answer-lost')
    const { found } = await store.create<Counter>('r', { count: 0 })
    arm()
    const answer = await store.swap(
      found,
      (value) => ({ ...value, by: 'me' }),
      (value) => value.by === 'me',
    )
    assert.equal(answer.outcome, 'done')
    assert.equal((await store.get<Counter>('r'))?.value.rev, 2, 'it was written once')
  })

  it('puts again while the ETag has not moved: unanswered means undecided (H1)', async () => {
    const { store, arm, calls } = faulty('unavailable')
    const { found } = await store.create<Counter>('r', { count: 0 })
    arm()
    const answer = await store.swap(found, increment, () => false)
    assert.equal(answer.outcome, 'done')
    assert.equal(answer.found?.value.count, 1)
    assert.deepEqual(
      calls.map(({ verb }) => verb),
      ['write', 'read', 'write'],
    )
  })

  it('cannot be undone by its own first write that arrives late', async () => {
    const { store, arm, objects } = faulty('late')
    const { found } = await store.create<Counter>('r', { count: 0 })
    arm()
    const answer = await store.swap(found, increment, () => false)
    assert.equal(answer.outcome, 'done')
    assert.deepEqual(
      objects.late.map((write) => write.apply()),
      [false],
      'its condition does not hold any more',
    )
    assert.equal((await store.get<Counter>('r'))?.value.count, 1)
  })

  it('knows its effect when the late write came before the next look', async () => {
    const { store, arm, objects } = faulty('late', 'none')
    const { found } = await store.create<Counter>('r', { count: 0 })
    arm()
    const applying = new RecordStore({
      objects: {
        read: (key, options) => {
          for (const write of objects.late) write.apply()
          return objects.read(key, options)
        },
        write: (key, body, condition) => objects.write(key, body, condition),
        list: (prefix, after, limit) => objects.list(prefix, after, limit),
        remove: (key) => objects.remove(key),
      },
      clock: systemClock,
    })
    const answer = await applying.swap<Counter>(
      found,
      (value) => (value.by ? undefined : { ...value, by: 'me' }),
      (value) => value.by === 'me',
    )
    assert.equal(answer.outcome, 'done')
    assert.equal(answer.found?.value.rev, 2)
  })

  it('sends the same bytes again when the store is busy', async () => {
    const { store, arm, calls } = faulty('busy', 'busy')
    const { found } = await store.create<Counter>('r', { count: 0 })
    arm()
    const answer = await store.swap(found, increment, () => false)
    assert.equal(answer.outcome, 'done')
    assert.deepEqual(
      calls.map(({ verb }) => verb),
      ['write', 'write', 'write'],
      'no look in between',
    )
  })

  it('gives up with store-unavailable when the store stays away', async () => {
    const objects = new MemoryObjects({ fault: ({ verb }) => (verb === 'write' ? 'unavailable' : 'none') })
    const store = new RecordStore({
      objects,
      clock: systemClock,
      patienceMs: 30,
      backoff: { firstMs: 5, mostMs: 5 },
    })
    await assert.rejects(store.create('r', { count: 0 }), (error) => hasCode(error, 'store-unavailable'))
  })

  it('stops with the reason of its signal', async () => {
    const objects = new MemoryObjects({ fault: () => 'unavailable' })
    const store = new RecordStore({ objects, clock: systemClock })
    const stop = new AbortController()
    const reading = store.get('r', stop.signal)
    stop.abort(new Error('enough'))
    await assert.rejects(reading, /enough/)
  })

  it('refuses a store that goes back in time', async () => {
    const { store, objects } = faulty()
    const { found } = await store.create<Counter>('r', { count: 0 })
    const second = await store.swap(found, increment, () => false)
    assert.ok(second.found)
    await objects.write('r', JSON.stringify({ count: 0, rev: 1, writeId: 'restored' }), { kind: 'always' })
    await assert.rejects(
      store.swap(second.found, increment, () => false),
      (error) => hasCode(error, 'store-unsafe'),
    )
  })
})

describe('a create that gets no clean answer', () => {
  it('is ours when the write was applied and only its answer was lost', async () => {
    const { store, arm } = faulty('answer-lost')
    arm()
    assert.equal((await store.create('r', { count: 1 })).outcome, 'created')
  })

  it('is tried again when nothing is there', async () => {
    const { store, arm } = faulty('unavailable')
    arm()
    assert.equal((await store.create('r', { count: 1 })).outcome, 'created')
  })
})
