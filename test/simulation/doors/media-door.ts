import { Readable } from 'node:stream'
import { ReelmillError } from '#shared/errors.ts'
import type { MediaObject, MediaPart, MediaStore } from '#shared/storage/media-store.ts'
import type { MemoryMediaStore } from '../../support/memory-media-store.ts'
import type { Actor } from '../engine/actor.ts'
import { type Faults, silenceMs } from '../engine/faults.ts'
import type { MediaLedger } from '../invariants/media-ledger.ts'

export interface MediaBackend {
  readonly core: MemoryMediaStore
  readonly faults: Faults
  readonly ledger: MediaLedger
}

interface Ask<T> {
  readonly verb: string
  readonly key: string
  readonly signal?: AbortSignal | undefined
  /** True for what changes the store: only that can be applied later. */
  readonly changes?: boolean
  act(): Promise<T>
}

/** One actor's way to the media bucket. */
export class MediaDoor implements MediaStore {
  readonly #actor: Actor
  readonly #backend: MediaBackend

  constructor(actor: Actor, backend: MediaBackend) {
    this.#actor = actor
    this.#backend = backend
  }

  head(key: string, signal?: AbortSignal): Promise<MediaObject | undefined> {
    return this.#ask({ verb: 'HEAD', key, signal, act: () => this.#core.head(key) })
  }

  async read(
    key: string,
    options: {
      readonly range?: { readonly start: number; readonly end?: number }
      readonly signal?: AbortSignal
    } = {},
  ) {
    const fault = this.#pick(key)
    const answer = await this.#ask(
      { verb: 'GET', key, signal: options.signal, act: () => this.#core.read(key, options) },
      fault === 'broken-body' ? undefined : fault,
    )
    if (answer && fault === 'broken-body') return { ...answer, body: broken(answer.body) }
    return answer
  }

  async write(
    key: string,
    body: Readable | Uint8Array,
    options: {
      readonly contentType?: string
      readonly sizeBytes?: number
      readonly signal?: AbortSignal
    } = {},
  ): Promise<MediaObject> {
    // The body goes out as it comes; what is in the store is in there as a whole or not at all.
    const bytes = body instanceof Uint8Array ? body : await collect(body)
    const { signal, ...rest } = options
    return this.#ask({
      verb: 'PUT',
      key,
      signal,
      changes: true,
      act: async () => {
        const object = await this.#core.write(key, bytes, rest)
        this.#backend.ledger.written(key, bytes, this.#actor)
        return object
      },
    })
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<MediaObject> {
    yield* await this.#ask({
      verb: 'LIST',
      key: prefix,
      signal,
      act: () => Array.fromAsync(this.#core.list(prefix)),
    })
  }

  delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    return this.#ask({
      verb: 'DELETE',
      key: keys.join(' '),
      signal,
      changes: true,
      act: async () => {
        await this.#core.delete(keys)
        this.#backend.ledger.deleted(keys, this.#actor)
      },
    })
  }

  beginMultipart(key: string, options?: { readonly contentType?: string }): Promise<string> {
    const act = () => this.#core.beginMultipart(key, options)
    return this.#ask({ verb: 'begin multipart', key, changes: true, act })
  }

  writePart(
    key: string,
    uploadId: string,
    number: number,
    body: Uint8Array,
    signal?: AbortSignal,
  ): Promise<MediaPart> {
    const act = () => this.#core.writePart(key, uploadId, number, body)
    return this.#ask({ verb: `PUT part ${number}`, key, signal, changes: true, act })
  }

  completeMultipart(key: string, uploadId: string, parts: readonly MediaPart[]): Promise<MediaObject> {
    const act = () => this.#core.completeMultipart(key, uploadId, parts)
    return this.#ask({ verb: 'complete multipart', key, changes: true, act })
  }

  abortMultipart(key: string, uploadId: string): Promise<void> {
    const act = () => this.#core.abortMultipart(key, uploadId)
    return this.#ask({ verb: 'abort multipart', key, changes: true, act })
  }

  listParts(key: string, uploadId: string): Promise<readonly MediaPart[] | undefined> {
    return this.#ask({ verb: 'LIST parts', key, act: () => this.#core.listParts(key, uploadId) })
  }

  async *listMultiparts(prefix: string) {
    yield* await this.#ask({
      verb: 'LIST multiparts',
      key: prefix,
      act: () => Array.fromAsync(this.#core.listMultiparts(prefix)),
    })
  }

  presignRead(key: string, options: { readonly expiresSec: number; readonly fileName?: string }) {
    return this.#core.presignRead(key, options)
  }

  presignPart(key: string, uploadId: string, number: number, options: { readonly expiresSec: number }) {
    return this.#core.presignPart(key, uploadId, number, options)
  }

  ping(): Promise<void> {
    return this.#ask({ verb: 'ping', key: '', act: () => this.#core.ping() })
  }

  get #core(): MemoryMediaStore {
    return this.#backend.core
  }

  #pick(key: string) {
    return this.#backend.faults.pick('media', key, this.#actor.stage.scheduler.nowMs)
  }

  #ask<T>(ask: Ask<T>, fault = this.#pick(ask.key)): Promise<T> {
    const { verb, key } = ask
    const isStruck = fault !== undefined && fault !== 'broken-body'
    return this.#actor.call({
      what: () => `media ${verb} ${key}${isStruck ? ` -> ${fault}` : ''}`,
      signal: ask.signal,
      ...(isStruck && { answerMs: silenceMs(this.#actor.stage.chance) }),
      perform: async () => {
        // On its way when its sender gave it up: whoever tidied after that could not have seen it.
        if (ask.changes && ask.signal?.aborted) this.#backend.ledger.lateOnes(key)
        if (!isStruck) return ask.act()
        if (fault === 'answer-lost') await ask.act()
        if (fault === 'late' && ask.changes) this.#actLater(ask)
        throw new ReelmillError(
          'store-unavailable',
          `The media store did not answer the ${verb} of ${key}. Try again.`,
        )
      },
    })
  }

  #actLater({ verb, key, act }: Ask<unknown>): void {
    const { chance, scheduler, trace } = this.#actor.stage
    const { ledger } = this.#backend
    scheduler.after(chance.between(100, 60_000), undefined, () => {
      if (chance.is(0.3)) return
      trace.say('the media store', () => `the late ${verb} of ${key} by ${this.#actor.name} is APPLIED`)
      ledger.lateOnes(key)
      act().catch(() => undefined) // refused by now (a multipart that was aborted, say): as if it never came
    })
  }
}

async function collect(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks)
}

/** The first half of a body, then a connection that is reset. */
function broken(body: Readable): Readable {
  return Readable.from(
    (async function* () {
      const whole = await collect(body)
      yield whole.subarray(0, whole.length >> 1)
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
    })(),
  )
}
