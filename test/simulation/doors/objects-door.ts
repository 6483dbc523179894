import type {
  ConditionalObjects,
  ListPage,
  ReadAnswer,
  WriteAnswer,
  WriteCondition,
} from '#shared/state/conditional-objects.ts'
import type { Fault, MemoryObjects } from '#shared/state/memory-objects.ts'
import type { Actor } from '../engine/actor.ts'
import { brief } from '../engine/brief.ts'
import { type FaultKind, type FaultOf, type Faults, silenceMs } from '../engine/faults.ts'
import type { Ledger } from '../invariants/ledger.ts'

/** The state bucket that all actors share, and who keeps the books on it. */
export interface ObjectsBackend {
  readonly core: MemoryObjects
  readonly faults: Faults
  readonly ledger: Ledger
  /** What befalls the next call of `core`. */
  next: Fault
  /** The latest page of each list that anyone got: what a lagging list shows once more. */
  readonly pages: Map<string, ListPage>
}

/** One actor's way to the state bucket. Each call is a place to crash, and to be struck by a fault. */
export class ObjectsDoor implements ConditionalObjects {
  readonly #actor: Actor
  readonly #backend: ObjectsBackend

  constructor(actor: Actor, backend: ObjectsBackend) {
    this.#actor = actor
    this.#backend = backend
  }

  async read(
    key: string,
    options: { readonly ifNoneMatch?: string; readonly signal?: AbortSignal } = {},
  ): Promise<ReadAnswer> {
    const fault = this.#pick('read', key)
    return this.#call(
      () => `GET ${key}`,
      fault,
      options.signal,
      async () => {
        if (fault) throw new Error(`the store did not answer the GET of ${key}`)
        return this.#core('none').read(key, options)
      },
    )
  }

  async write(
    key: string,
    body: string,
    condition: WriteCondition,
    signal?: AbortSignal,
  ): Promise<WriteAnswer> {
    const fault = this.#pick('write', key, body)
    const { ledger } = this.#backend
    ledger.willWrite(key, body)
    return this.#call(
      () => `PUT ${key} ${brief(key, body)}`,
      fault,
      signal,
      async () => {
        if (fault === 'refused') return { kind: 'refused' }
        const answer = await this.#core(fault ?? 'none').write(key, body, condition)
        if (answer.kind === 'refused') ledger.count('store refused a write (412)')
        if (fault === 'late') this.#applyLater(key)
        ledger.changed(key, this.#actor.name)
        return answer
      },
    )
  }

  async list(
    prefix: string,
    after: string | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<ListPage> {
    const fault = this.#pick('list', prefix)
    return this.#call(
      () => `LIST ${prefix}`,
      fault,
      signal,
      async () => {
        if (fault === 'unavailable') throw new Error(`the store did not answer the LIST of ${prefix}`)
        const name = `${prefix} ${after} ${limit}`
        const before = this.#backend.pages.get(name)
        if (fault === 'stale' && before) return before
        const page = await this.#core('none').list(prefix, after, limit)
        this.#backend.pages.set(name, page)
        return page
      },
    )
  }

  async remove(key: string, signal?: AbortSignal): Promise<void> {
    const fault = this.#pick('remove', key)
    const { ledger } = this.#backend
    return this.#call(
      () => `DELETE ${key}`,
      fault,
      signal,
      async () => {
        if (fault === 'late') {
          this.#removeLater(key)
          throw new Error(`the store did not answer the DELETE of ${key}`)
        }
        try {
          await this.#core(fault ?? 'none').remove(key)
        } finally {
          ledger.changed(key, this.#actor.name)
        }
      },
    )
  }

  #pick<K extends FaultKind>(kind: K, key: string, body?: string): FaultOf<K> | undefined {
    return this.#backend.faults.pick(kind, key, this.#actor.stage.scheduler.nowMs, body)
  }

  #core(fault: Fault): MemoryObjects {
    this.#backend.next = fault
    return this.#backend.core
  }

  #call<T>(
    what: () => string,
    fault: string | undefined,
    signal: AbortSignal | undefined,
    perform: () => Promise<T>,
  ): Promise<T> {
    const isSilent = fault !== undefined && fault !== 'busy' && fault !== 'refused' && fault !== 'stale'
    return this.#actor.call({
      what: () => (fault === undefined ? what() : `${what()} -> ${fault}`),
      signal,
      perform,
      ...(isSilent && { answerMs: silenceMs(this.#actor.stage.chance) }),
    })
  }

  /** The PUT that timed out is applied at any moment later, or never. */
  #applyLater(key: string): void {
    const { chance, scheduler, trace } = this.#actor.stage
    const { core, ledger } = this.#backend
    const write = core.late.at(-1)
    if (!write) return
    scheduler.after(lateMs(this.#actor), undefined, () => {
      if (chance.is(0.25)) return write.drop()
      const isApplied = write.apply()
      trace.say('the store', () => `the late PUT ${key} is ${isApplied ? 'APPLIED' : 'refused'}`)
      ledger.count(`late write ${isApplied ? 'applied' : 'refused'}`)
      ledger.changed(key, `a late PUT of ${this.#actor.name}`)
    })
  }

  #removeLater(key: string): void {
    const { scheduler, trace } = this.#actor.stage
    const { ledger } = this.#backend
    scheduler.after(lateMs(this.#actor), undefined, async () => {
      await this.#core('none').remove(key)
      trace.say('the store', () => `the late DELETE ${key} is APPLIED`)
      ledger.changed(key, `a late DELETE of ${this.#actor.name}`)
    })
  }
}

const lateMs = ({ stage: { chance } }: Actor): number =>
  chance.is(0.5) ? chance.between(100, 5_000) : chance.between(1_000, 120_000)
