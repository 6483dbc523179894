import assert from 'node:assert/strict'
import { type ProbeName, probeObjects } from '#shared/doctor/probe-objects.ts'
import type { ConditionalObjects, ReadAnswer, WriteCondition } from '#shared/state/conditional-objects.ts'
import { MemoryObjects } from '#shared/state/memory-objects.ts'

/** A store that is right but for what `over` does. */
const wrong = (right: MemoryObjects, over: Partial<ConditionalObjects>): ConditionalObjects => ({
  read: (key, options) => right.read(key, options),
  write: (key, body, condition) => right.write(key, body, condition),
  list: (prefix, after, limit) => right.list(prefix, after, limit),
  remove: (key) => right.remove(key),
  ...over,
})

const failing = async (objects: ConditionalObjects): Promise<ProbeName[]> =>
  (await probeObjects([objects])).filter(({ passed }) => !passed).map(({ probe }) => probe)

describe('the probes of the doctor', () => {
  it('pass a store that is atomic, and leave nothing behind', async () => {
    const objects = new MemoryObjects()
    assert.deepEqual(await failing(objects), [])
    assert.equal(objects.snapshot().size, 0)
  })

  it('fail a store that ignores conditions', async () => {
    const right = new MemoryObjects()
    const ignoring = wrong(right, { write: (key, body) => right.write(key, body, { kind: 'always' }) })
    assert.deepEqual(await failing(ignoring), [
      'create-race',
      'swap-race',
      'stale-if-match',
      'if-match-on-nothing',
    ])
  })

  it('fail a store that checks first and writes later', async () => {
    const right = new MemoryObjects()
    const racing = wrong(right, {
      async write(key, body, condition) {
        const current = await right.read(key)
        if (!holds(condition, current)) return { kind: 'refused' }
        return right.write(key, body, { kind: 'always' })
      },
    })
    assert.deepEqual(await failing(racing), ['create-race', 'swap-race'])
  })

  it('fail a store whose lists lag', async () => {
    const lagging = wrong(new MemoryObjects(), { list: async () => ({ entries: [], more: false }) })
    assert.deepEqual(await failing(lagging), ['list-after-write', 'list-order'])
  })

  it('fail a store that sorts by UTF-16', async () => {
    const right = new MemoryObjects()
    const utf16 = wrong(right, {
      async list(prefix, after, limit) {
        const all = (await right.list(prefix, undefined, 1000)).entries
          .toSorted((a, b) => (a.key < b.key ? -1 : 1))
          .filter(({ key }) => after === undefined || key > after)
        return { entries: all.slice(0, limit), more: all.length > limit }
      },
    })
    assert.deepEqual(await failing(utf16), ['list-order'])
  })

  it('fail a cluster that is atomic only within a node', async () => {
    const nodes = [new MemoryObjects(), new MemoryObjects()] as const
    const verdicts = await probeObjects(nodes)
    assert.equal(verdicts.find(({ probe }) => probe === 'create-race')?.passed, false)
  })

  it('say what failed when the store fails', async () => {
    const broken = new MemoryObjects({ fault: ({ verb }) => (verb === 'write' ? 'unavailable' : 'none') })
    const verdicts = await probeObjects([broken])
    assert.match(
      verdicts.find(({ probe }) => probe === 'swap-race')?.detail ?? '',
      /plain write .* was unknown/,
    )
  })
})

function holds(condition: WriteCondition, current: ReadAnswer): boolean {
  if (condition.kind === 'always') return true
  if (condition.kind === 'if-none-match') return current.kind === 'missing'
  return current.kind === 'found' && current.etag === condition.etag
}
