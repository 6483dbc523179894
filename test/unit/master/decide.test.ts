import assert from 'node:assert/strict'
import { decide } from '../../../services/master/decide.ts'
import type { Machine } from '../../../services/master/drivers/driver.ts'
import {
  type FleetPolicy,
  type IntentSight,
  type Memory,
  noMemory,
  type Plan,
  type Snapshot,
  type WorkerSight,
} from '../../../services/master/snapshot.ts'

const SEC = 1000
const NOW = 1_000 * SEC

const policy: FleetPolicy = {
  minWorkers: 1,
  maxWorkers: 4,
  waitSloMs: 30 * SEC,
  keepIdleMs: 30 * SEC,
  leaseMs: 60 * SEC,
  bootDeadlineMs: 60 * SEC,
  provenMs: 30 * SEC,
  keepRecordsMs: 3600 * SEC,
  staleCensusMs: 15 * SEC,
  unknownRemainingMs: 60 * SEC,
}

const worker = (id: string, over: Partial<WorkerSight> = {}): WorkerSight => ({
  id,
  static: false,
  state: 'idle',
  ageMs: 600 * SEC,
  silentMs: SEC,
  idleMs: over.state === undefined || over.state === 'idle' ? 600 * SEC : 0,
  ...over,
})
const intent = (id: string, over: Partial<IntentSight> = {}): IntentSight => ({
  id,
  state: 'up',
  ageMs: 600 * SEC,
  ...over,
})
const alive = (id: string): Machine => ({ id, state: 'alive' })
const ended = (id: string): Machine => ({ id, state: 'ended', detail: 'exit code 1' })
const queued = (count: number, workMs = 20 * SEC) =>
  Array.from({ length: count }, () => ({ workMs, waitedMs: 0 }))

function snapshot(
  over: Partial<Omit<Snapshot, 'census'>> & { census?: Partial<Snapshot['census']> } = {},
): Snapshot {
  return {
    intents: [],
    workers: [],
    machines: [],
    bootMs: 2 * SEC,
    memory: noMemory,
    ...over,
    census: { number: 2, ageMs: 0, queued: [], running: 0, ...over.census },
  }
}

/** A fleet in order: each worker with its intent and its machine. */
const up = (...workers: WorkerSight[]) => ({
  workers,
  intents: workers.filter((w) => !w.static).map((w) => intent(w.id)),
  machines: workers.filter((w) => !w.static).map((w) => alive(w.id)),
})
const foundBefore = (...ids: string[]): Memory => ({ ...noMemory, surplus: { census: 1, ids } })

const nothing = {
  launch: 0,
  launchAgain: [] as string[],
  adopt: [] as string[],
  condemn: [] as string[],
  giveUp: [] as string[],
  drain: [] as string[],
  reap: [] as string[],
  forget: [] as string[],
}
const acts = (plan: Plan) => ({
  launch: plan.launch,
  launchAgain: plan.launchAgain,
  adopt: plan.adopt,
  condemn: plan.condemn.map(({ id }) => id),
  giveUp: plan.giveUp.map(({ id }) => id),
  drain: plan.drain,
  reap: plan.reap,
  forget: plan.forget,
})

type Row = [
  name: string,
  snapshot: Snapshot,
  expected: Partial<typeof nothing>,
  policy?: Partial<FleetPolicy>,
]

const growing: Row[] = [
  ['launches the minimum from nothing', snapshot(), { launch: 1 }],
  ['launches nothing from nothing when the minimum is none', snapshot(), {}, { minWorkers: 0 }],
  ['launches one for one job', snapshot({ census: { queued: queued(1) } }), { launch: 1 }, { minWorkers: 0 }],
  [
    'launches as few as keep waits under the goal',
    snapshot({ ...up(worker('a')), census: { queued: queued(3) } }),
    { launch: 1 },
  ],
  [
    'launches nothing when the workers will be in time',
    snapshot({ ...up(worker('a', { state: 'busy', remainingMs: 10 * SEC })), census: { queued: queued(1) } }),
    {},
  ],
  [
    'counts those that are booting',
    snapshot({
      intents: [intent('a', { ageMs: SEC })],
      machines: [alive('a')],
      census: { queued: queued(2) },
    }),
    {},
  ],
  [
    'counts static workers as capacity, and not against the maximum',
    snapshot({ ...up(worker('s', { static: true })), census: { queued: queued(20) } }),
    { launch: 4 },
  ],
  ['needs no minimum beside a static worker', snapshot(up(worker('s', { static: true }))), {}],
  [
    'does not count a silent static worker',
    snapshot(up(worker('s', { static: true, silentMs: 61 * SEC }))),
    { launch: 1 },
  ],
  [
    'never exceeds the maximum',
    snapshot({
      ...up(
        worker('a', { state: 'busy' }),
        worker('b', { state: 'draining' }),
        worker('c', { state: 'busy' }),
      ),
      census: { queued: queued(50) },
    }),
    { launch: 1 },
  ],
  [
    'counts a place that is being given up until it is final, for it may still be admitted (I10)',
    snapshot({
      intents: [intent('a', { state: 'planned', ageMs: 61 * SEC })],
      census: { queued: queued(50) },
    }),
    { giveUp: ['a'], launch: 0 },
    { maxWorkers: 1 },
  ],
  [
    'replaces a final worker at once',
    snapshot({
      ...up(worker('a', { state: 'condemned' })),
      census: { queued: queued(1) },
    }),
    { giveUp: ['a'], launch: 1 },
    { maxWorkers: 1 },
  ],
]

const keeping: Row[] = [
  [
    'launches again what is planned and not listed',
    snapshot({ intents: [intent('a', { state: 'planned', ageMs: 5 * SEC })] }),
    { launchAgain: ['a'] },
  ],
  [
    'adopts what is planned and listed',
    snapshot({ intents: [intent('a', { state: 'planned', ageMs: SEC })], machines: [alive('a')] }),
    { adopt: ['a'] },
  ],
  [
    'adopts what is planned and registered, though the list lags behind',
    snapshot({ intents: [intent('a', { state: 'planned', ageMs: SEC })], workers: [worker('a')] }),
    { adopt: ['a'] },
  ],
  [
    'keeps a working machine that the list does not show: that proves nothing (H6)',
    snapshot({ intents: [intent('a')], workers: [worker('a', { state: 'busy' })] }),
    {},
  ],
  [
    'gives up what never registered',
    snapshot({ intents: [intent('a', { ageMs: 61 * SEC })], machines: [alive('a')] }),
    { giveUp: ['a'], launch: 1 },
  ],
  [
    'gives up at once a machine that ended before it registered',
    snapshot({ intents: [intent('a', { ageMs: SEC })], machines: [ended('a')] }),
    { giveUp: ['a'], launch: 1 },
  ],
  [
    'condemns a silent worker, and terminates nothing yet',
    snapshot(up(worker('a', { state: 'busy', silentMs: 60 * SEC }))),
    { condemn: ['a'], launch: 1 },
  ],
  [
    'condemns at once a worker whose machine has ended',
    snapshot({ ...up(worker('a', { state: 'busy' })), machines: [ended('a')] }),
    { condemn: ['a'], launch: 1 },
  ],
  [
    'finishes a give-up that another master began',
    snapshot(up(worker('a', { state: 'condemned' }))),
    { giveUp: ['a'], launch: 1 },
  ],
  [
    'ends the machine of a drained worker',
    snapshot(up(worker('a'), worker('b', { state: 'drained' }))),
    { giveUp: ['b'] },
  ],
  ['leaves a draining worker alone', snapshot(up(worker('a'), worker('b', { state: 'draining' }))), {}],
  [
    'reaps a machine without an intent',
    snapshot({ ...up(worker('a')), machines: [alive('a'), alive('x')] }),
    { reap: ['x'] },
  ],
  [
    'never touches a static worker, silent as it may be, but closes its record after long',
    snapshot({
      workers: [
        worker('a', { static: true }),
        worker('s', { static: true, silentMs: 600 * SEC }),
        worker('t', { static: true, silentMs: 3600 * SEC }),
      ],
    }),
    { condemn: ['t'] },
  ],
  [
    'forgets final records after long, once neither intent nor machine is left',
    snapshot({
      intents: [intent('a'), intent('d')],
      machines: [alive('a'), ended('m')],
      workers: [
        worker('a'),
        worker('old', { state: 'drained', silentMs: 3600 * SEC }),
        worker('new', { state: 'drained', silentMs: 3599 * SEC }),
        worker('m', { state: 'condemned', silentMs: 3600 * SEC }),
        worker('d', { state: 'condemned', silentMs: 3600 * SEC }),
      ],
    }),
    { forget: ['old'], giveUp: ['d'], reap: ['m'] },
  ],
]

const shrinking: Row[] = [
  [
    'drains what two censuses found surplus, the longest idle first',
    snapshot({
      ...up(
        worker('a', { idleMs: 40 * SEC }),
        worker('b', { idleMs: 90 * SEC }),
        worker('c', { idleMs: 60 * SEC }),
      ),
      memory: foundBefore('a', 'b', 'c'),
    }),
    { drain: ['b', 'c'] },
  ],
  ['does not shrink on one sample', snapshot(up(worker('a'), worker('b'))), {}],
  [
    'takes the same census seen twice for one sample',
    snapshot({
      ...up(worker('a'), worker('b')),
      memory: { ...noMemory, surplus: { census: 2, ids: ['a', 'b'] } },
    }),
    {},
  ],
  [
    'does not shrink on a stale census',
    snapshot({ ...up(worker('a'), worker('b')), memory: foundBefore('a', 'b'), census: { ageMs: 16 * SEC } }),
    {},
  ],
  [
    'keeps an idle worker for as long as it should be kept',
    snapshot({
      ...up(worker('a', { state: 'busy' }), worker('b', { idleMs: 29 * SEC })),
      memory: foundBefore('b'),
    }),
    {},
  ],
  [
    'drains it then',
    snapshot({
      ...up(worker('a', { state: 'busy' }), worker('b', { idleMs: 30 * SEC })),
      memory: foundBefore('b'),
    }),
    { drain: ['b'] },
  ],
  [
    'keeps it for a boot time, when that is longer',
    snapshot({ ...up(worker('a', { idleMs: 40 * SEC })), bootMs: 60 * SEC, memory: foundBefore('a') }),
    {},
    { minWorkers: 0 },
  ],
  [
    'never drains a busy worker',
    snapshot({
      ...up(worker('a', { state: 'busy' }), worker('b', { state: 'busy' })),
      memory: foundBefore('a', 'b'),
    }),
    {},
    { minWorkers: 0 },
  ],
  [
    'never drains a static worker',
    snapshot({
      ...up(worker('s', { static: true }), worker('t', { static: true })),
      memory: foundBefore('s', 't'),
    }),
    {},
    { minWorkers: 0 },
  ],
  [
    'drains nobody while something waits',
    snapshot({
      ...up(worker('a'), worker('b')),
      memory: foundBefore('a', 'b'),
      census: { queued: queued(1) },
    }),
    {},
  ],
  [
    'drains idle workers above a maximum that was lowered, even while something waits',
    snapshot({
      ...up(worker('a', { state: 'busy' }), worker('b', { idleMs: SEC })),
      memory: foundBefore('b'),
      census: { queued: queued(1) },
    }),
    { drain: ['b'] },
    { maxWorkers: 1 },
  ],
]

for (const [title, rows] of Object.entries({ growing, keeping, shrinking })) {
  describe(`decide: ${title}`, () => {
    for (const [name, seen, expected, over] of rows) {
      it(name, () => {
        assert.deepEqual(acts(decide(seen, { ...policy, ...over }, NOW)), { ...nothing, ...expected })
      })
    }
  })
}

describe('decide: pauses', () => {
  const failing = (kind: 'capacity' | 'rate-limit' | 'not-found' | 'other') =>
    snapshot({
      intents: [intent('a', { state: 'planned', ageMs: SEC, failure: { kind, reason: 'because' } })],
      census: { queued: queued(9) },
    })

  it('gives up what the provider has no room for, and launches nothing for a while', () => {
    const plan = decide(failing('capacity'), policy, NOW)
    assert.deepEqual(acts(plan), { ...nothing, giveUp: ['a'] })
    assert.match(plan.paused ?? '', /no room/)
    const soon = snapshot({ memory: plan.memory, census: { queued: queued(9) } })
    assert.equal(decide(soon, policy, NOW + 29 * SEC).launch, 0)
    assert.equal(decide(soon, policy, NOW + 30 * SEC).launch, 4)
  })

  it('asks a provider that is asked too often again only after a while, with the intent kept', () => {
    const plan = decide(failing('rate-limit'), policy, NOW)
    assert.deepEqual(acts(plan), nothing)
    const later = snapshot({
      memory: plan.memory,
      intents: [intent('a', { state: 'planned', ageMs: 20 * SEC })],
    })
    assert.deepEqual(decide(later, policy, NOW + 14 * SEC).launchAgain, [])
    assert.deepEqual(decide(later, policy, NOW + 15 * SEC).launchAgain, ['a'])
  })

  it('goes on launching after an unknown failure, which may have been a success', () => {
    assert.deepEqual(decide(failing('other'), policy, NOW).launchAgain, ['a'])
  })
})

describe('decide: the breaker', () => {
  /** Boots that fail one after the other; each is seen as unproven first and fails in the next look. */
  function failBoots(count: number, from: Memory = noMemory, atMs = NOW): Memory {
    let memory = from
    for (let i = 0; i < count; i++) {
      const id = `boot${i}`
      memory = decide(snapshot({ intents: [intent(id, { ageMs: 0 })], memory }), policy, atMs).memory
      memory = decide(
        snapshot({ intents: [intent(id, { ageMs: SEC })], machines: [ended(id)], memory }),
        policy,
        atMs,
      ).memory
    }
    return memory
  }
  const launches = (memory: Memory, atMs: number) =>
    decide(snapshot({ memory, census: { queued: queued(9) } }), policy, atMs)

  it('lets two failed boots pass', () => {
    assert.equal(launches(failBoots(2), NOW).launch, 4)
  })

  it('opens after three in a row, and says why', () => {
    const plan = launches(failBoots(3), NOW)
    assert.equal(plan.launch, 0)
    assert.match(plan.paused ?? '', /3 boots in a row failed \(its machine has ended \(exit code 1\)\)/)
  })

  it('tries a single machine after its pause, and waits twice as long when that fails, too', () => {
    const memory = failBoots(3)
    assert.equal(launches(memory, NOW + 29 * SEC).launch, 0)
    assert.equal(launches(memory, NOW + 30 * SEC).launch, 1)
    const again = failBoots(1, memory, NOW + 30 * SEC)
    assert.equal(launches(again, NOW + 89 * SEC).launch, 0)
    assert.equal(launches(again, NOW + 90 * SEC).launch, 1)
  })

  it('tries no second machine while the first has not proved itself', () => {
    const memory = failBoots(3)
    const trying = snapshot({
      memory,
      intents: [intent('try', { ageMs: SEC })],
      census: { queued: queued(9) },
    })
    assert.equal(decide(trying, policy, NOW + 40 * SEC).launch, 0)
  })

  it('closes when a new worker has lived long enough', () => {
    let memory = failBoots(3)
    memory = decide(snapshot({ memory, intents: [intent('try', { ageMs: SEC })] }), policy, NOW).memory
    const proven = snapshot({
      ...up(worker('try', { ageMs: 30 * SEC })),
      memory,
      census: { queued: queued(9) },
    })
    assert.equal(decide(proven, policy, NOW + SEC).launch, 3)
  })

  it('is not closed by workers that were there before', () => {
    const memory = failBoots(3)
    const others = snapshot({ ...up(worker('old')), memory, census: { queued: queued(9) } })
    assert.equal(decide(others, policy, NOW + SEC).launch, 0)
  })

  it('counts a boot once, in however many looks its failure is seen', () => {
    let memory = failBoots(1)
    for (let look = 0; look < 5; look++) {
      memory = decide(
        snapshot({ intents: [intent('boot0', { ageMs: SEC })], machines: [ended('boot0')], memory }),
        policy,
        NOW,
      ).memory
    }
    assert.equal(memory.breaker.failures, 1)
  })

  it('counts workers that register and die young', () => {
    let memory = noMemory
    for (const id of ['x', 'y', 'z']) {
      const young = up(worker(id, { ageMs: 2 * SEC }))
      memory = decide(snapshot({ ...young, memory }), policy, NOW).memory
      memory = decide(snapshot({ ...young, machines: [ended(id)], memory }), policy, NOW).memory
    }
    assert.equal(launches(memory, NOW).launch, 0)
  })
})

describe('decide: what it tells', () => {
  it('rests when every worker is idle and no more than the minimum are there', () => {
    assert.equal(decide(snapshot(up(worker('a'))), policy, NOW).resting, true)
    assert.equal(decide(snapshot(up(worker('a'), worker('b'))), policy, NOW).resting, false)
    assert.equal(decide(snapshot(up(worker('a', { state: 'busy' }))), policy, NOW).resting, false)
  })

  it('predicts the longest wait, and says when nobody will run it', () => {
    const busy = up(worker('a', { state: 'busy', remainingMs: 10 * SEC }))
    assert.equal(
      decide(snapshot({ ...busy, census: { queued: queued(1) } }), policy, NOW).predictedWaitMs,
      10 * SEC,
    )
    const none = decide(
      snapshot({ census: { queued: queued(1) } }),
      { ...policy, minWorkers: 0, maxWorkers: 0 },
      NOW,
    )
    assert.equal(none.predictedWaitMs, undefined)
  })
})
