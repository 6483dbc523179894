import { randomUUID } from 'node:crypto'
import type { Clock } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import { type Backoff, backoffMs } from '#shared/retry.ts'
import type { ConditionalObjects, WriteCondition } from '#shared/state/conditional-objects.ts'
import type {
  CreateOutcome,
  Found,
  Hint,
  RecordBody,
  Stamp,
  StateStore,
  SwapOutcome,
} from '#shared/state/state-store.ts'

const LIST_LIMIT = 1000

/**
 * The six verbs over any store with atomic conditional writes: the one place where a write of state is decided.
 *
 * A swap is in one of three states: *trying* (a PUT is on its way), *waiting* (the store said busy: the same PUT
 * again) and *deciding* (refused or unanswered: read, and ask whether the effect is there). It leaves them with
 * `done`, `lost`, or `store-unavailable` after `patienceMs`; the last one leaves it open what became of the write.
 */
export class RecordStore implements StateStore {
  readonly #objects: ConditionalObjects
  readonly #clock: Clock
  readonly #patienceMs: number
  readonly #backoff: Backoff

  constructor(options: {
    readonly objects: ConditionalObjects
    readonly clock: Clock
    /** How long a verb keeps trying before it gives up, in milliseconds. */
    readonly patienceMs?: number
    readonly backoff?: Backoff
  }) {
    this.#objects = options.objects
    this.#clock = options.clock
    this.#patienceMs = options.patienceMs ?? 15_000
    this.#backoff = options.backoff ?? { firstMs: 50, mostMs: 2_000 }
  }

  async get<T extends RecordBody>(key: string, signal?: AbortSignal): Promise<Found<T> | undefined> {
    const answer = await this.#read<T>(key, undefined, this.#patience(signal))
    return answer === 'unchanged' ? undefined : answer
  }

  async getIfChanged<T extends RecordBody>(
    key: string,
    etag: string,
    signal?: AbortSignal,
  ): Promise<Found<T> | undefined | 'unchanged'> {
    return this.#read<T>(key, etag, this.#patience(signal))
  }

  async create<T extends RecordBody>(key: string, value: T, signal?: AbortSignal): Promise<CreateOutcome<T>> {
    const patience = this.#patience(signal)
    for (;;) {
      const stamped = stamp(value, 1)
      const answer = await this.#write(key, stamped, { kind: 'if-none-match' }, patience)
      if (answer.kind === 'applied') {
        return { outcome: 'created', found: { key, etag: answer.etag, value: stamped } }
      }
      const found = await this.#read<T>(key, undefined, patience)
      if (found && found !== 'unchanged') {
        // An unanswered PUT that was applied after all is ours beyond doubt: nobody else knows its writeId.
        const mine = found.value.writeId === stamped.writeId
        return { outcome: mine ? 'created' : 'exists', found }
      }
      await patience.pause(answer.kind === 'unknown' ? answer.cause : undefined)
    }
  }

  async swap<T extends RecordBody>(
    found: Found<T>,
    change: (current: T & Stamp) => T | undefined,
    isDone: (current: T & Stamp) => boolean,
    signal?: AbortSignal,
  ): Promise<SwapOutcome<T>> {
    const patience = this.#patience(signal)
    let current = found
    let fresh = false
    for (;;) {
      const next = change(current.value)
      if (next === undefined) {
        if (fresh || isDone(current.value)) {
          return { outcome: isDone(current.value) ? 'done' : 'lost', found: current }
        }
        // Not legal from what the caller once read: what stands now may be another matter.
        const now = await this.#read<T>(found.key, undefined, patience)
        if (!now || now === 'unchanged') return { outcome: 'lost', found: undefined }
        current = now
        fresh = true
        continue
      }
      const stamped = stamp(next, current.value.rev + 1)
      const answer = await this.#write(found.key, stamped, { kind: 'if-match', etag: current.etag }, patience)
      if (answer.kind === 'applied') {
        return { outcome: 'done', found: { key: found.key, etag: answer.etag, value: stamped } }
      }
      const seen = await this.#read<T>(found.key, undefined, patience)
      if (!seen || seen === 'unchanged') return { outcome: 'lost', found: undefined }
      assertForward(current, seen)
      if (isDone(seen.value)) return { outcome: 'done', found: seen }
      // H1: an ETag that did not move means undecided. The PUT may be applied later, so try again until it moves.
      if (seen.etag === current.etag)
        await patience.pause(answer.kind === 'unknown' ? answer.cause : undefined)
      current = seen
      fresh = true
    }
  }

  async putHint(key: string, signal?: AbortSignal): Promise<void> {
    const patience = this.#patience(signal)
    for (;;) {
      const answer = await this.#put(key, '', { kind: 'always' }, patience)
      if (answer.kind === 'applied') return
      await patience.pause(answer.kind === 'unknown' ? answer.cause : undefined)
    }
  }

  async listHints(
    prefix: string,
    options: { readonly after?: string; readonly limit?: number; readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly hints: readonly Hint[]; readonly next: string | undefined }> {
    const { after, limit = LIST_LIMIT, signal } = options
    const page = await this.#repeat(this.#patience(signal), () =>
      this.#objects.list(prefix, after, Math.min(limit, LIST_LIMIT), signal),
    )
    return { hints: page.entries, next: page.more ? page.entries.at(-1)?.key : undefined }
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    await this.#repeat(this.#patience(signal), () => this.#objects.remove(key, signal))
  }

  async #read<T extends RecordBody>(
    key: string,
    ifNoneMatch: string | undefined,
    patience: Patience,
  ): Promise<Found<T> | undefined | 'unchanged'> {
    const { signal } = patience
    const answer = await this.#repeat(patience, () =>
      this.#objects.read(key, { ...(ifNoneMatch && { ifNoneMatch }), ...(signal && { signal }) }),
    )
    if (answer.kind === 'missing') return undefined
    if (answer.kind === 'unchanged') return 'unchanged'
    return { key, etag: answer.etag, value: parseRecord<T>(key, answer.body) }
  }

  #write(key: string, value: RecordBody, condition: WriteCondition, patience: Patience) {
    return this.#put(key, JSON.stringify(value), condition, patience)
  }

  /** One PUT, the same again while the store says busy: a busy store has not applied it and will not. */
  async #put(key: string, body: string, condition: WriteCondition, patience: Patience) {
    for (;;) {
      patience.signal?.throwIfAborted()
      const answer = await this.#objects.write(key, body, condition, patience.signal)
      if (answer.kind !== 'busy') return answer
      await patience.pause(new Error('the store asks to slow down'))
    }
  }

  async #repeat<R>(patience: Patience, ask: () => Promise<R>): Promise<R> {
    for (;;) {
      patience.signal?.throwIfAborted()
      try {
        return await ask()
      } catch (error) {
        if (error instanceof ReelmillError) throw error
        await patience.pause(error)
      }
    }
  }

  #patience(signal: AbortSignal | undefined): Patience {
    const clock = this.#clock
    const endsAt = clock.monotonicMs() + this.#patienceMs
    let attempt = 0
    return {
      signal,
      pause: async (cause) => {
        signal?.throwIfAborted()
        const ms = backoffMs(++attempt, this.#backoff)
        if (clock.monotonicMs() + ms > endsAt) {
          throw new ReelmillError(
            'store-unavailable',
            `The state store has not answered for ${Math.round(this.#patienceMs / 1000)} s. Check that it runs and can be reached, then try again.`,
            { cause },
          )
        }
        await clock.sleep(ms, signal)
      },
    }
  }
}

/** How long one verb goes on asking. `pause` waits before the next try, or throws when patience is used up. */
interface Patience {
  readonly signal: AbortSignal | undefined
  pause(cause: unknown): Promise<void>
}

function stamp<T extends RecordBody>(value: T, rev: number): T & Stamp {
  return { ...value, rev, writeId: randomUUID() }
}

/** Every write counts `rev` up, so a smaller one means that the store forgot a write that it had acknowledged. */
function assertForward(before: Found, seen: Found): void {
  if (seen.value.rev >= before.value.rev) return
  throw new ReelmillError(
    'store-unsafe',
    `The state store went back in time: ${seen.key} was at revision ${before.value.rev} and is at ${seen.value.rev} now. Run \`npm run doctor\`, and look for a restored backup or a replica that lost writes.`,
    { facts: { key: seen.key, before: before.value.rev, seen: seen.value.rev } },
  )
}

function parseRecord<T extends RecordBody>(key: string, body: string): T & Stamp {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null && 'rev' in value && 'writeId' in value) {
      return value as T & Stamp // the rooms that own a record parse its content; here only the stamp matters
    }
  } catch (cause) {
    throw new ReelmillError('internal', `The record ${key} is not JSON. Restore it from a backup.`, { cause })
  }
  throw new ReelmillError(
    'internal',
    `The record ${key} was not written by Reelmill: it has no rev or writeId.`,
  )
}
