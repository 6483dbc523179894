import { createHash } from 'node:crypto'
import type {
  ConditionalObjects,
  ListPage,
  ReadAnswer,
  WriteAnswer,
  WriteCondition,
} from '#shared/state/conditional-objects.ts'

/** What befalls one call. `late` is the worst fault of all: no answer now, applied at any moment later, or never. */
export type Fault = 'none' | 'busy' | 'unavailable' | 'answer-lost' | 'late'

export interface Call {
  readonly verb: 'read' | 'write' | 'list' | 'remove'
  readonly key: string
}

/** A write that timed out and has not been applied. */
export interface LateWrite {
  readonly key: string
  /** Applies it if its condition still holds; true when it did. */
  apply(): boolean
  drop(): void
}

/**
 * An object store in memory with faults built in. Tests and the simulation decide what befalls each call, and
 * when writes that timed out are applied after all.
 */
export class MemoryObjects implements ConditionalObjects {
  readonly #entries = new Map<string, { body: string; etag: string }>()
  readonly #late = new Set<LateWrite>()
  readonly #fault: (call: Call) => Fault | Promise<Fault>

  constructor(options: { readonly fault?: (call: Call) => Fault | Promise<Fault> } = {}) {
    this.#fault = options.fault ?? (() => 'none')
  }

  /** The writes that timed out and may still be applied. */
  get late(): readonly LateWrite[] {
    return [...this.#late]
  }

  /** Everything that is stored, for invariants: no fault befalls a look. */
  snapshot(prefix = ''): ReadonlyMap<string, string> {
    return new Map(
      [...this.#entries].filter(([key]) => key.startsWith(prefix)).map(([key, e]) => [key, e.body]),
    )
  }

  async read(key: string, options: { readonly ifNoneMatch?: string } = {}): Promise<ReadAnswer> {
    await this.#befall({ verb: 'read', key })
    const entry = this.#entries.get(key)
    if (!entry) return { kind: 'missing' }
    if (entry.etag === options.ifNoneMatch) return { kind: 'unchanged' }
    return { kind: 'found', ...entry }
  }

  async write(key: string, body: string, condition: WriteCondition): Promise<WriteAnswer> {
    const fault = await this.#fault({ verb: 'write', key })
    switch (fault) {
      case 'none':
        return this.#apply(key, body, condition)
      case 'busy':
        return { kind: 'busy' }
      case 'unavailable':
        return { kind: 'unknown', cause: new Error('the store did not answer; nothing was applied') }
      case 'answer-lost':
        this.#apply(key, body, condition)
        return { kind: 'unknown', cause: new Error('the answer was lost; the write was applied') }
      case 'late':
        this.#remember(key, body, condition)
        return { kind: 'unknown', cause: new Error('the store did not answer; the write is still under way') }
      default:
        throw fault satisfies never
    }
  }

  async list(prefix: string, after: string | undefined, limit: number): Promise<ListPage> {
    await this.#befall({ verb: 'list', key: prefix })
    const keys = [...this.#entries.keys()]
      .filter((key) => key.startsWith(prefix) && (after === undefined || byUtf8(key, after) > 0))
      .sort(byUtf8)
    const entries = keys.slice(0, limit).map((key) => ({ key, etag: this.#entries.get(key)?.etag ?? '' }))
    return { entries, more: keys.length > limit }
  }

  async remove(key: string): Promise<void> {
    const fault = await this.#fault({ verb: 'remove', key })
    if (fault !== 'busy' && fault !== 'unavailable') this.#entries.delete(key)
    if (fault !== 'none') throw new Error(`the store did not answer the removal of ${key}`)
  }

  #apply(key: string, body: string, condition: WriteCondition): WriteAnswer {
    const current = this.#entries.get(key)
    if (condition.kind === 'if-match' && current?.etag !== condition.etag) return { kind: 'refused' }
    if (condition.kind === 'if-none-match' && current) return { kind: 'refused' }
    // As S3 does: the ETag is made of the content, so equal bodies have equal ETags.
    const etag = `"${createHash('md5').update(body).digest('hex')}"`
    this.#entries.set(key, { body, etag })
    return { kind: 'applied', etag }
  }

  #remember(key: string, body: string, condition: WriteCondition): void {
    const write: LateWrite = {
      key,
      apply: () => this.#late.delete(write) && this.#apply(key, body, condition).kind === 'applied',
      drop: () => void this.#late.delete(write),
    }
    this.#late.add(write)
  }

  async #befall(call: Call): Promise<void> {
    const fault = await this.#fault(call)
    if (fault !== 'none') throw new Error(`the store did not answer the ${call.verb} of ${call.key}`)
  }
}

/** S3 lists in the order of UTF-8 bytes, which differs from that of UTF-16 code units above U+FFFF. */
function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
