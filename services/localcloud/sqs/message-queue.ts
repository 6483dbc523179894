import { randomUUID } from 'node:crypto'
import type { Clock } from '#shared/clock.ts'
import type { QueueAttributes } from './queue-attributes.ts'
import { SqsError } from './sqs-error.ts'

/** A message attribute as the JSON protocol carries it; binary values are base 64. */
export interface MessageAttribute {
  readonly DataType: string
  readonly StringValue?: string | undefined
  readonly BinaryValue?: string | undefined
}

export interface Message {
  readonly id: string
  readonly body: string
  readonly attributes: Readonly<Record<string, MessageAttribute>>
  readonly sentMs: number
  /** Monotonic: when the retention period ends. */
  readonly endsMs: number
  receives: number
  firstReceivedMs: number | undefined
  /** Names the last delivery; `undefined` when it is not in flight. */
  receipt: string | undefined
  /** Monotonic: when it may be received (again). */
  visibleMs: number
}

/**
 * One queue, in memory: bells are no truth, and the sweep rings them again after a restart.
 *
 * A message is `ready` (in the order of becoming so) or `hidden` (delayed, or in flight until its visibility
 * timeout). Long polls wait for a change and look again, so a send is seen at once.
 */
export class MessageQueue {
  readonly name: string
  readonly createdMs: number
  attributes: QueueAttributes
  changedMs: number
  readonly #clock: Clock
  readonly #deadLetters: (arn: string) => MessageQueue | undefined
  readonly #ready = new Map<string, Message>()
  readonly #hidden = new Map<string, Message>()
  /** No hidden message is due before this. */
  #nextDueMs = Number.POSITIVE_INFINITY
  #changed = Promise.withResolvers<void>()

  constructor(
    name: string,
    attributes: QueueAttributes,
    options: { readonly clock: Clock; readonly deadLetters: (arn: string) => MessageQueue | undefined },
  ) {
    this.name = name
    this.attributes = attributes
    this.#clock = options.clock
    this.#deadLetters = options.deadLetters
    this.createdMs = this.changedMs = this.#clock.now()
  }

  send(body: string, attributes: Record<string, MessageAttribute>, delaySec: number | undefined): Message {
    const now = this.#clock.monotonicMs()
    const delayMs = (delaySec ?? this.attributes.DelaySeconds) * 1000
    const message: Message = {
      id: randomUUID(),
      body,
      attributes,
      sentMs: this.#clock.now(),
      endsMs: now + this.attributes.MessageRetentionPeriod * 1000,
      receives: 0,
      firstReceivedMs: undefined,
      receipt: undefined,
      visibleMs: now + delayMs,
    }
    this.#put(message)
    return message
  }

  /** Up to `most` messages; waits up to `waitMs` for the first, or until `signal` is aborted. */
  async receive(options: {
    readonly most: number
    readonly waitMs: number
    readonly visibilityMs: number
    readonly signal: AbortSignal
  }): Promise<Message[]> {
    const { most, waitMs, visibilityMs, signal } = options
    const until = this.#clock.monotonicMs() + waitMs
    for (;;) {
      const changed = this.#changed.promise
      const messages = signal.aborted ? [] : this.#take(most, visibilityMs)
      const now = this.#clock.monotonicMs()
      if (messages.length > 0 || now >= until || signal.aborted) return messages
      await this.#wait(Math.min(until, this.#nextDueMs) - now, changed, signal)
    }
  }

  /** Deleting what was deleted is no error, and an old receipt has no effect. */
  delete(receipt: string): void {
    const message = this.#find(receipt)
    if (message?.receipt !== receipt) return
    this.#ready.delete(message.id)
    this.#hidden.delete(message.id)
  }

  /** Hides a message in flight for `sec` from now; 0 hands it back. Throws when it is not in flight. */
  changeVisibility(receipt: string, sec: number): void {
    const message = this.#find(receipt)
    if (!message) {
      throw new SqsError(
        'InvalidParameterValue',
        'Reason: Message does not exist or is not available for visibility timeout change.',
      )
    }
    this.#promote()
    if (message.receipt !== receipt || !this.#hidden.has(message.id)) {
      throw new SqsError('MessageNotInflight', 'The message referred to is not in flight.')
    }
    this.#hidden.delete(message.id)
    message.visibleMs = this.#clock.monotonicMs() + sec * 1000
    this.#put(message)
  }

  purge(): void {
    this.#ready.clear()
    this.#hidden.clear()
    this.#nextDueMs = Number.POSITIVE_INFINITY
  }

  counts(): { visible: number; inFlight: number; delayed: number } {
    this.#promote()
    const hidden = [...this.#hidden.values()]
    const delayed = hidden.filter((message) => message.receipt === undefined).length
    return { visible: this.#ready.size, inFlight: hidden.length - delayed, delayed }
  }

  /** Takes over a message that another queue gave up on. */
  adopt(message: Message): void {
    this.#put({ ...message, receipt: undefined, visibleMs: 0 })
  }

  #put(message: Message): void {
    if (message.visibleMs <= this.#clock.monotonicMs()) this.#ready.set(message.id, message)
    else {
      this.#hidden.set(message.id, message)
      this.#nextDueMs = Math.min(this.#nextDueMs, message.visibleMs)
    }
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }

  #take(most: number, visibilityMs: number): Message[] {
    this.#promote()
    const now = this.#clock.monotonicMs()
    const taken: Message[] = []
    for (const message of this.#ready.values()) {
      if (taken.length === most) break
      this.#ready.delete(message.id)
      if (message.endsMs <= now || this.#giveUp(message)) continue
      message.receives++
      message.firstReceivedMs ??= this.#clock.now()
      message.receipt = `${message.id}.${randomUUID()}`
      message.visibleMs = now + visibilityMs
      taken.push(message)
    }
    for (const message of taken) this.#put(message)
    return taken
  }

  /** Moves a message that was received too often to the dead-letter queue. */
  #giveUp(message: Message): boolean {
    const { RedrivePolicy: policy } = this.attributes
    if (!policy || message.receives < policy.maxReceiveCount) return false
    const target = this.#deadLetters(policy.deadLetterTargetArn)
    target?.adopt(message)
    return target !== undefined
  }

  #promote(): void {
    const now = this.#clock.monotonicMs()
    if (now < this.#nextDueMs) return
    this.#nextDueMs = Number.POSITIVE_INFINITY
    for (const message of this.#hidden.values()) {
      if (message.visibleMs > now) this.#nextDueMs = Math.min(this.#nextDueMs, message.visibleMs)
      else {
        this.#hidden.delete(message.id)
        this.#ready.set(message.id, message)
      }
    }
  }

  #find(receipt: string): Message | undefined {
    const id = /^([0-9a-f-]{36})\.[0-9a-f-]{36}$/.exec(receipt)?.[1]
    if (id === undefined) throw new SqsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.')
    return this.#hidden.get(id) ?? this.#ready.get(id)
  }

  async #wait(ms: number, changed: Promise<void>, signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const either = AbortSignal.any([over.signal, signal])
    const slept = this.#clock.sleep(Math.max(ms, 1), either).catch(() => undefined) // woken early
    await Promise.race([changed, slept])
    over.abort()
  }
}
