import { defaultJobTimes, type JobTimes } from '#shared/jobs/times.ts'
import { defaultRetryPolicy } from '#shared/jobs/transition.ts'
import type { Log } from '#shared/log.ts'
import { MemoryBellQueue } from '#shared/queue/memory-bell-queue.ts'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { FakeDriver } from '../support/fake-driver.ts'
import { MemoryMediaStore } from '../support/memory-media-store.ts'
import { fakeNotifier } from './actors/fake-notifier.ts'
import { DriverDoor } from './doors/driver-door.ts'
import { MediaDoor } from './doors/media-door.ts'
import { type ObjectsBackend, ObjectsDoor } from './doors/objects-door.ts'
import { QueueDoor } from './doors/queue-door.ts'
import { storyLog } from './doors/story-log.ts'
import { Actor, type Stage } from './engine/actor.ts'
import { Chance } from './engine/chance.ts'
import { Faults } from './engine/faults.ts'
import { Scheduler } from './engine/scheduler.ts'
import type { Tally } from './engine/tally.ts'
import { Trace } from './engine/trace.ts'
import { Ledger } from './invariants/ledger.ts'
import { MediaLedger } from './invariants/media-ledger.ts'
import type { Profile } from './profiles.ts'

export interface SceneOptions {
  readonly seed: number
  readonly profile: Profile
  readonly tally: Tally
  readonly isTraced: boolean
}

/** Where a run takes place: time, chance, the stores with their faults, and the books that are kept on them. */
export class Scene implements Stage {
  readonly profile: Profile
  readonly chance: Chance
  readonly scheduler = new Scheduler()
  readonly trace: Trace
  readonly faults: Faults
  readonly ledger: Ledger
  readonly tally: Tally
  readonly mediaLedger = new MediaLedger()
  readonly times: JobTimes
  readonly policy = { ...defaultRetryPolicy, maxInterruptions: 3 }
  readonly objects: MemoryObjects
  readonly media = new MemoryMediaStore()
  readonly queue: MemoryBellQueue
  readonly driver: FakeDriver
  readonly actors = new Set<Actor>()
  /** What was told to webhooks, by event id. */
  readonly told = new Map<string, number>()
  /** Set by whoever starts machines. */
  startMachine: (id: string) => void = () => undefined
  terminateMachine: (id: string) => void = () => undefined
  readonly #objectsBackend: ObjectsBackend
  readonly #latency: readonly [number, number]

  constructor({ seed, profile, tally, isTraced }: SceneOptions) {
    this.profile = profile
    this.tally = tally
    this.chance = new Chance(seed)
    const { scheduler, chance } = this
    this.trace = new Trace(isTraced, () => scheduler.nowMs)
    const { focus, rates } = profile
    this.faults = new Faults({ chance, tally, rates, focus })
    this.#latency = chance.pick([
      [1, 40],
      [5, 400],
      [20, 3_000],
    ])
    this.times = {
      ...defaultJobTimes,
      leaseCheckMs: profile.leaseCheckMs,
      ringAgainMs: 20_000,
      orphanHintMs: profile.orphanHintMs,
      jobLifeMs: profile.jobLifeMs,
      retentionMs: profile.retentionMs,
      uploadLifeMs: 1_800_000,
      idempotencyLifeMs: 3_600_000,
    }
    this.objects = new MemoryObjects({ fault: () => this.#objectsBackend.next })
    this.ledger = new Ledger({
      objects: this.objects,
      media: this.mediaLedger,
      scheduler,
      tally,
      leaseMs: this.times.leaseMs,
      maxWorkers: profile.maxWorkers,
      isMachineAlive: (id) => this.driver.machines.get(id)?.alive === true,
    })
    const { objects: core, faults, ledger } = this
    this.#objectsBackend = { core, faults, ledger, next: 'none', pages: new Map() }
    this.queue = new MemoryBellQueue({
      clock: new Actor('the queue', this).clock,
      faults: {
        onSend: () => this.#arrivals(),
        choose: (count) => chance.below(count),
      },
    })
    this.driver = this.#openDriver()
  }

  readonly latencyMs = (): number => {
    const [least, most] = this.#latency
    if (this.faults.isOn && this.chance.is(0.01)) {
      this.tally.count('fault slow')
      return this.chance.between(1_000, 20_000)
    }
    return this.chance.between(least, most)
  }

  actor(name: string): Actor {
    const actor = new Actor(name, this)
    this.actors.add(actor)
    actor.onDeath(() => this.actors.delete(actor))
    return actor
  }

  /** Everything that a service of production gets from its main, on this actor's side of the network. */
  equip(actor: Actor) {
    const { faults, times, policy } = this
    const { clock } = actor
    const store = new RecordStore({ objects: new ObjectsDoor(actor, this.#objectsBackend), clock })
    const media = new MediaDoor(actor, { core: this.media, faults, ledger: this.mediaLedger })
    const queue = new QueueDoor(actor, { core: this.queue, faults })
    const log: Log = storyLog(actor, (what) => {
      this.ledger.violation ??= what
    })
    const notifier = fakeNotifier(actor, this)
    return { store, media, queue, clock, log, times, policy, notifier }
  }

  driverFor(actor: Actor): DriverDoor {
    return new DriverDoor(actor, { core: this.driver, faults: this.faults })
  }

  /** How a bell that is rung arrives. */
  #arrivals(): readonly number[] {
    const { chance, faults, scheduler } = this
    switch (faults.pick('bell', '', scheduler.nowMs)) {
      case 'lost':
        return []
      case 'doubled':
        return [0, chance.between(0, 20_000)]
      case 'delayed':
        return [chance.between(100, 60_000)]
      case undefined:
        return [0]
    }
  }

  #openDriver(): FakeDriver {
    const { chance, faults, scheduler } = this
    return new FakeDriver({
      remembersTokens: chance.is(0.5),
      fault: (id) => {
        const fault = faults.pick('launch', id, scheduler.nowMs)
        if (fault === undefined || fault === 'unlisted') return 'none'
        if (fault === 'late') {
          scheduler.after(chance.between(100, 120_000), undefined, () => {
            if (chance.is(0.2)) return
            this.trace.say('the provider', () => `the late launch of ${id} HAPPENS`)
            this.driver.happen(id)
          })
        }
        return fault
      },
      lags: () => {
        const lags = faults.isOn && chance.is(this.profile.rates.launch?.unlisted ?? 0)
        if (lags) this.tally.count('fault launch unlisted')
        return lags
      },
      onStart: (id) => {
        scheduler.after(chance.between(1_000, 40_000), undefined, () => this.driver.show(id))
        this.ledger.workers.started(id, this.driver.remembersTokens)
        this.startMachine(id)
      },
      onTerminate: (id) => {
        this.ledger.workers.terminated(id)
        this.terminateMachine(id)
      },
    })
  }
}
