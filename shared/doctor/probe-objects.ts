import { randomUUID } from 'node:crypto'
import { messageOf } from '#shared/errors.ts'
import type { ConditionalObjects, WriteAnswer } from '#shared/state/conditional-objects.ts'

const probeNames = [
  'create-race',
  'swap-race',
  'stale-if-match',
  'if-match-on-nothing',
  'list-after-write',
  'list-order',
] as const
export type ProbeName = (typeof probeNames)[number]

export interface ProbeVerdict {
  readonly probe: ProbeName
  readonly passed: boolean
  /** One sentence: what was seen. */
  readonly detail: string
}

const RACERS = 32
const PROBE_PREFIX = 'doctor/probe/'

/**
 * Finds out whether a store keeps the promises that the protocol stands on. "Has the header" is not "is atomic":
 * many S3 servers ignore conditions or race. `doors` are the same store through each of its addresses; races are
 * spread over all of them, because some servers are atomic only within one node. Leaves nothing behind. `names`
 * are the probes to run, for those who repeat one of them many times.
 */
export async function probeObjects(
  doors: readonly [ConditionalObjects, ...ConditionalObjects[]],
  signal?: AbortSignal,
  names: readonly ProbeName[] = probeNames,
): Promise<readonly ProbeVerdict[]> {
  const prefix = `${PROBE_PREFIX}${randomUUID()}/`
  const probe = new Probe(doors, prefix, signal)
  const probes: Readonly<Record<ProbeName, () => Promise<Finding>>> = {
    'create-race': () => probe.createRace(),
    'swap-race': () => probe.swapRace(),
    'stale-if-match': () => probe.staleIfMatch(),
    'if-match-on-nothing': () => probe.ifMatchOnNothing(),
    'list-after-write': () => probe.listAfterWrite(),
    'list-order': () => probe.listOrder(),
  }
  try {
    const verdicts: ProbeVerdict[] = []
    for (const name of names) verdicts.push(await attempt(name, probes[name]))
    return verdicts
  } finally {
    await probe.cleanUp()
  }
}

async function attempt(probe: ProbeName, run: () => Promise<Finding>): Promise<ProbeVerdict> {
  try {
    return { probe, ...(await run()) }
  } catch (error) {
    return { probe, passed: false, detail: `the store failed: ${messageOf(error)}` }
  }
}

type Finding = Omit<ProbeVerdict, 'probe'>

class Probe {
  readonly #doors: readonly [ConditionalObjects, ...ConditionalObjects[]]
  readonly #prefix: string
  readonly #signal: AbortSignal | undefined
  readonly #written = new Set<string>()

  constructor(
    doors: readonly [ConditionalObjects, ...ConditionalObjects[]],
    prefix: string,
    signal: AbortSignal | undefined,
  ) {
    this.#doors = doors
    this.#prefix = prefix
    this.#signal = signal
  }

  async createRace(): Promise<Finding> {
    const key = this.#key('create')
    const answers = await this.#race((door, i) =>
      door.write(key, `racer ${i}`, { kind: 'if-none-match' }, this.#signal),
    )
    return onlyOne(answers, 'created the same key')
  }

  async swapRace(): Promise<Finding> {
    const key = this.#key('swap')
    const etag = await this.#put(key, 'start')
    const answers = await this.#race((door, i) =>
      door.write(key, `racer ${i}`, { kind: 'if-match', etag }, this.#signal),
    )
    return onlyOne(answers, 'swapped the same version')
  }

  async staleIfMatch(): Promise<Finding> {
    const key = this.#key('stale')
    const etag = await this.#put(key, 'old')
    await this.#put(key, 'new')
    const answer = await this.#doors[0].write(key, 'stale', { kind: 'if-match', etag }, this.#signal)
    return answer.kind === 'refused'
      ? { passed: true, detail: 'a write over an older version was refused' }
      : { passed: false, detail: `a write over an older version was ${answer.kind}: If-Match is ignored` }
  }

  async ifMatchOnNothing(): Promise<Finding> {
    const key = this.#key('nothing')
    const answer = await this.#doors[0].write(
      key,
      'x',
      { kind: 'if-match', etag: '"d41d8cd98f00b204e9800998ecf8427e"' },
      this.#signal,
    )
    return answer.kind === 'refused'
      ? { passed: true, detail: 'a swap of a key that does not exist was refused' }
      : { passed: false, detail: `a swap of a key that does not exist was ${answer.kind}` }
  }

  async listAfterWrite(): Promise<Finding> {
    const keys = Array.from({ length: RACERS }, (_, i) => this.#key(`list/${i}`))
    await Promise.all(keys.map((key) => this.#put(key, '')))
    for (const door of this.#doors) {
      const page = await door.list(`${this.#prefix}list/`, undefined, 1000, this.#signal)
      const missing = keys.filter((key) => !page.entries.some((entry) => entry.key === key))
      if (missing.length > 0) {
        return {
          passed: false,
          detail: `${missing.length} of ${keys.length} acknowledged keys were not listed`,
        }
      }
    }
    return { passed: true, detail: `all ${keys.length} acknowledged keys were listed at once` }
  }

  async listOrder(): Promise<Finding> {
    // U+FF5E sorts before U+1F600 in UTF-8 and after it in UTF-16; upper case sorts before lower.
    const names = ['B', 'a', 'a-', 'a/', 'a0', '～', '\u{1F600}']
    await Promise.all(names.map((name) => this.#put(this.#key(`order/${name}`), '')))
    const prefix = `${this.#prefix}order/`
    const first = await this.#doors[0].list(prefix, undefined, 3, this.#signal)
    const rest = await this.#doors[0].list(prefix, first.entries.at(-1)?.key, 1000, this.#signal)
    const seen = [...first.entries, ...rest.entries].map(({ key }) => key.slice(prefix.length))
    return seen.join(' ') === names.join(' ') && first.more
      ? { passed: true, detail: 'keys are listed in the order of their UTF-8 bytes, page by page' }
      : { passed: false, detail: `keys were listed as ${seen.join(' ')} instead of ${names.join(' ')}` }
  }

  async cleanUp(): Promise<void> {
    await Promise.all([...this.#written].map((key) => this.#doors[0].remove(key, this.#signal)))
  }

  #key(name: string): string {
    const key = this.#prefix + name
    this.#written.add(key)
    return key
  }

  async #put(key: string, body: string): Promise<string> {
    const answer = await this.#doors[0].write(key, body, { kind: 'always' }, this.#signal)
    if (answer.kind === 'applied') return answer.etag
    throw new Error(`a plain write of ${key} was ${answer.kind}`)
  }

  #race(run: (door: ConditionalObjects, racer: number) => Promise<WriteAnswer>): Promise<WriteAnswer[]> {
    return Promise.all(
      Array.from({ length: RACERS }, (_, i) => run(this.#doors[i % this.#doors.length] ?? this.#doors[0], i)),
    )
  }
}

/** Unanswered and busy writes prove nothing either way, as long as nobody else won. */
function onlyOne(answers: readonly WriteAnswer[], what: string): Finding {
  const winners = answers.filter(({ kind }) => kind === 'applied').length
  const unknown = answers.filter(({ kind }) => kind === 'unknown').length
  const detail = `${winners} of ${answers.length} concurrent writers ${what}`
  return { passed: winners === 1 || (winners === 0 && unknown > 0), detail }
}
