import type { FaultRates, Focus } from './engine/faults.ts'

/** What a run is made of, and how hard it is struck. Times in milliseconds, rates per virtual minute. */
export interface Profile {
  readonly name: string
  readonly staticWorkers: number
  readonly sweepers: number
  /** Static workers sweep while they are idle. */
  readonly idleSweeps: boolean
  readonly masters: number
  readonly maxWorkers: number
  readonly clients: number
  /** For how long faults happen. */
  readonly stormMs: number
  readonly rates: FaultRates
  readonly focus?: Focus
  readonly events: Readonly<Partial<Record<StormEvent, number>>>
  /** How long a long pause is, at least and at most. */
  readonly longPauseMs: readonly [number, number]
  /** The encodes take about so long. */
  readonly encodeMs: number
  /** How often a worker looks at its job. */
  readonly leaseCheckMs: number
  /** How likely an encode takes its worker with it. */
  readonly deadly: number
  readonly retentionMs: number
  readonly jobLifeMs: number
  readonly orphanHintMs: number
  /** How likely a client does more than submit: cancel, delete, repeat, retry. */
  readonly meddling: number
  /** How likely the end is followed through retention, until nothing is left. */
  readonly untilPurged: number
}

/** What can befall whole actors, or all of them. */
export const stormEvents = [
  'crash',
  'pause',
  'outage',
  'wall clock jump',
  'queue purge',
  'interrupt',
  'machine death',
] as const
export type StormEvent = (typeof stormEvents)[number]

const rates: FaultRates = {
  read: { unavailable: 0.02 },
  write: { busy: 0.02, refused: 0.02, unavailable: 0.02, 'answer-lost': 0.03, late: 0.04 },
  list: { unavailable: 0.02, stale: 0.03 },
  remove: { busy: 0.02, unavailable: 0.02, 'answer-lost': 0.03, late: 0.03 },
  media: { unavailable: 0.02, 'answer-lost': 0.02, late: 0.02, 'broken-body': 0.05 },
  queue: { unavailable: 0.02, 'answer-lost': 0.02 },
  bell: { lost: 0.1, doubled: 0.1, delayed: 0.1 },
  driver: { unavailable: 0.04, 'answer-lost': 0.04, late: 0.03 },
  launch: { late: 0.06, capacity: 0.03, 'rate-limit': 0.03, other: 0.03, unlisted: 0.1 },
  http: { 'request-lost': 0.03, 'answer-lost': 0.05 },
}

const base: Omit<Profile, 'name'> = {
  staticWorkers: 2,
  sweepers: 1,
  idleSweeps: false,
  masters: 0,
  maxWorkers: 2,
  clients: 1,
  stormMs: 120_000,
  rates,
  events: {
    crash: 0.5,
    pause: 0.4,
    outage: 0.05,
    'wall clock jump': 0.1,
    'queue purge': 0.1,
    interrupt: 0.2,
  },
  longPauseMs: [40_000, 150_000],
  encodeMs: 15_000,
  leaseCheckMs: 6_000,
  deadly: 0,
  retentionMs: 3_600_000,
  jobLifeMs: 7 * 24 * 3_600_000,
  orphanHintMs: 300_000,
  meddling: 0.3,
  untilPurged: 0,
}

/** Each looks at another part of the protocol; a run takes the one that its seed falls on. */
export const profiles = {
  /** One job between two workers, with every fault that a lease and a settle can meet. */
  lease: { ...base, name: 'lease' },
  /** No master anywhere: idle workers keep order. Nobody's attempt lives long. */
  rough: {
    ...base,
    name: 'rough',
    sweepers: 0,
    idleSweeps: true,
    stormMs: 300_000,
    encodeMs: 40_000,
    leaseCheckMs: 25_000, // so that more can happen between a wish to cancel and its notice
    deadly: 0.2,
    meddling: 0.6,
    events: { crash: 2, pause: 1, interrupt: 2.5, 'wall clock jump': 0.2 },
  },
  /** A movie that takes its worker with it, again and again. */
  deadly: { ...base, name: 'deadly', deadly: 0.8, stormMs: 330_000, encodeMs: 5_000, events: { pause: 0.3 } },
  /** Writes that say how an attempt ended time out, half of them are applied later: H1. */
  settling: {
    ...base,
    name: 'settling',
    encodeMs: 6_000,
    meddling: 0.5,
    focus: ({ kind, body }) =>
      kind === 'write' && body !== undefined && /"status":"(succeeded|failed|canceled)"/.test(body)
        ? { late: 0.5, 'answer-lost': 0.15, unavailable: 0.1 }
        : undefined,
    events: { ...base.events, pause: 1, outage: 0.3 },
  },
  /** The same for writes that take a lease, while bells are doubled: H3. */
  leasing: {
    ...base,
    name: 'leasing',
    staticWorkers: 3,
    clients: 2,
    encodeMs: 6_000,
    focus: ({ kind, body }) => {
      if (kind === 'bell') return { doubled: 0.7 }
      return kind === 'write' && body !== undefined && body.includes('"status":"running"')
        ? { late: 0.6, 'answer-lost': 0.15 }
        : undefined
    },
  },
  /** Many clients, two frontends, the same keys at once, short lives: submit, hints, retention. */
  submit: {
    ...base,
    name: 'submit',
    staticWorkers: 1,
    clients: 3,
    stormMs: 90_000,
    encodeMs: 3_000,
    retentionMs: 40_000,
    orphanHintMs: 15_000,
    meddling: 0.7,
    untilPurged: 0.5,
    events: { ...base.events, crash: 1 },
  },
  /** Two masters, machines that come and go. */
  fleet: {
    ...base,
    name: 'fleet',
    staticWorkers: 0,
    sweepers: 0,
    masters: 2,
    clients: 2,
    stormMs: 150_000,
    meddling: 0.15,
    events: { ...base.events, 'machine death': 0.2 },
  },
  /** Workers and masters that were paused for about as long as their lease, and wake: zombies, H6 and H7. */
  waking: {
    ...base,
    name: 'waking',
    staticWorkers: 0,
    sweepers: 0,
    masters: 2,
    clients: 3,
    stormMs: 200_000,
    meddling: 0,
    longPauseMs: [35_000, 80_000],
    events: { pause: 5, 'machine death': 0.3 },
  },
  /** Launches without an answer that happen when nobody waits for them any more: H7. */
  launching: {
    ...base,
    name: 'launching',
    staticWorkers: 0,
    sweepers: 0,
    masters: 1,
    stormMs: 240_000,
    meddling: 0,
    focus: ({ kind }) => (kind === 'launch' ? { late: 0.6 } : undefined),
    events: { pause: 0.5 },
  },
  /** Nobody works for a while, and jobs that wait too long fail. */
  waiting: { ...base, name: 'waiting', staticWorkers: 0, jobLifeMs: 60_000, stormMs: 100_000, clients: 1 },
  /** Everything at once, and more of it. */
  everything: {
    ...base,
    name: 'everything',
    staticWorkers: 1,
    masters: 2,
    sweepers: 0,
    clients: 4,
    stormMs: 240_000,
    retentionMs: 120_000,
    orphanHintMs: 60_000,
    meddling: 0.5,
    untilPurged: 0.3,
    events: { ...base.events, 'machine death': 0.2 },
  },
} as const satisfies Readonly<Record<string, Profile>>
export type ProfileName = keyof typeof profiles

/** How often each profile is taken. The cheap ones find most. */
export const profileWeights: Readonly<Record<ProfileName, number>> = {
  lease: 36,
  rough: 8,
  deadly: 3,
  settling: 6,
  leasing: 6,
  submit: 20,
  fleet: 9,
  waking: 3,
  launching: 2,
  waiting: 6,
  everything: 3,
}
