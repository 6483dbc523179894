import { z } from 'zod'
import type { Clock } from '#shared/clock.ts'
import { md5Of, md5OfAttributes } from './message-md5.ts'
import { type Message, MessageQueue } from './message-queue.ts'
import { attributesAsText, setAttributes } from './queue-attributes.ts'
import { SqsError, type SqsErrorCode } from './sqs-error.ts'

const ACCOUNT = '000000000000'
const REGION = 'us-east-1'

const text = z.string()
const seconds = (most: number) => z.number().int().min(0).max(most)
const messageAttributes = z
  .record(text, z.object({ DataType: text, StringValue: text.optional(), BinaryValue: text.optional() }))
  .default({})
const ofQueue = z.object({ QueueUrl: text })
const toSend = z.object({
  MessageBody: text.min(1),
  DelaySeconds: seconds(900).optional(),
  MessageAttributes: messageAttributes,
})
const change = z.object({ ReceiptHandle: text, VisibilityTimeout: seconds(43_200) })
const batchOf = <Shape extends z.ZodRawShape>(entry: z.ZodObject<Shape>) =>
  ofQueue.extend({ Entries: z.array(entry.extend({ Id: text })) })

/** Where the request came in: queue URLs begin with it, and a long poll ends when its client goes away. */
export interface CallContext {
  readonly baseUrl: string
  readonly signal: AbortSignal
}

type Action = (input: unknown, context: CallContext) => unknown

/** The queues of one machine, and SQS's actions on them, by the name that X-Amz-Target calls. */
export class SqsActions {
  readonly #queues = new Map<string, MessageQueue>()
  readonly #clock: Clock
  readonly #actions: ReadonlyMap<string, Action>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#actions = new Map<string, Action>([
      ['CreateQueue', (input, context) => this.#createQueue(input, context)],
      ['GetQueueUrl', (input, context) => this.#getQueueUrl(input, context)],
      ['ListQueues', (input, context) => this.#listQueues(input, context)],
      ['DeleteQueue', (input) => void this.#queues.delete(this.#queueOf(input).name)],
      ['PurgeQueue', (input) => this.#queueOf(input).purge()],
      ['GetQueueAttributes', (input) => this.#getAttributes(input)],
      ['SetQueueAttributes', (input) => this.#setAttributes(input)],
      ['SendMessage', (input) => send(this.#queueOf(input), parse(toSend, input))],
      ['ReceiveMessage', (input, context) => this.#receive(input, context)],
      [
        'DeleteMessage',
        (input) => this.#queueOf(input).delete(parse(z.object({ ReceiptHandle: text }), input).ReceiptHandle),
      ],
      ['ChangeMessageVisibility', (input) => changeVisibility(this.#queueOf(input), parse(change, input))],
      ['SendMessageBatch', (input) => this.#batch(input, toSend, send)],
      ['DeleteMessageBatch', (input) => this.#batch(input, change.pick({ ReceiptHandle: true }), remove)],
      ['ChangeMessageVisibilityBatch', (input) => this.#batch(input, change, changeVisibility)],
    ])
  }

  /** Runs one action. Throws `SqsError`. */
  async call(name: string, input: unknown, context: CallContext): Promise<object | undefined> {
    const action = this.#actions.get(name)
    if (!action)
      throw new SqsError('UnsupportedOperation', `The local cloud does not have the action ${name}.`)
    return ((await action(input, context)) as object | undefined) ?? undefined
  }

  #createQueue(input: unknown, { baseUrl }: CallContext) {
    const { QueueName: name, Attributes } = parse(
      z.object({ QueueName: text, Attributes: z.record(text, text).default({}) }),
      input,
    )
    if (!/^[A-Za-z0-9_-]{1,80}$/.test(name)) {
      throw new SqsError(
        'InvalidParameterValue',
        'A queue name has 1 to 80 letters, digits, hyphens and underscores; FIFO queues are not supported.',
      )
    }
    const existing = this.#queues.get(name)
    const attributes = setAttributes(existing?.attributes, Attributes)
    if (existing && JSON.stringify(attributes) !== JSON.stringify(existing.attributes)) {
      throw new SqsError(
        'QueueNameExists',
        'A queue already exists with the same name and a different value for an attribute.',
      )
    }
    const deadLetters = (arn: string) => this.#queues.get(arn.split(':').at(-1) ?? '')
    if (!existing)
      this.#queues.set(name, new MessageQueue(name, attributes, { clock: this.#clock, deadLetters }))
    return { QueueUrl: urlOf(baseUrl, name) }
  }

  #getQueueUrl(input: unknown, { baseUrl }: CallContext) {
    const { QueueName } = parse(z.object({ QueueName: text }), input)
    return { QueueUrl: urlOf(baseUrl, this.#queue(QueueName).name) }
  }

  #listQueues(input: unknown, { baseUrl }: CallContext) {
    const { QueueNamePrefix } = parse(z.object({ QueueNamePrefix: text.default('') }), input)
    const names = [...this.#queues.keys()].filter((name) => name.startsWith(QueueNamePrefix)).sort()
    return { QueueUrls: names.slice(0, 1000).map((name) => urlOf(baseUrl, name)) }
  }

  #getAttributes(input: unknown) {
    const queue = this.#queueOf(input)
    const { AttributeNames } = parse(z.object({ AttributeNames: z.array(text).default([]) }), input)
    const { visible, inFlight, delayed } = queue.counts()
    const all: Record<string, string> = {
      ...attributesAsText(queue.attributes),
      ApproximateNumberOfMessages: String(visible),
      ApproximateNumberOfMessagesNotVisible: String(inFlight),
      ApproximateNumberOfMessagesDelayed: String(delayed),
      CreatedTimestamp: String(Math.floor(queue.createdMs / 1000)),
      LastModifiedTimestamp: String(Math.floor(queue.changedMs / 1000)),
      QueueArn: `arn:aws:sqs:${REGION}:${ACCOUNT}:${queue.name}`,
    }
    const wanted = AttributeNames.includes('All') ? Object.keys(all) : AttributeNames
    return {
      Attributes: Object.fromEntries(wanted.flatMap((name) => (name in all ? [[name, all[name]]] : []))),
    }
  }

  #setAttributes(input: unknown): void {
    const queue = this.#queueOf(input)
    const { Attributes } = parse(z.object({ Attributes: z.record(text, text) }), input)
    queue.attributes = setAttributes(queue.attributes, Attributes)
    queue.changedMs = this.#clock.now()
  }

  async #receive(input: unknown, { signal }: CallContext) {
    const queue = this.#queueOf(input)
    const { ReceiveMessageWaitTimeSeconds, VisibilityTimeout } = queue.attributes
    const options = parse(
      z.object({
        MaxNumberOfMessages: z.number().int().min(1).max(10).default(1),
        WaitTimeSeconds: seconds(20).default(ReceiveMessageWaitTimeSeconds),
        VisibilityTimeout: seconds(43_200).default(VisibilityTimeout),
        AttributeNames: z.array(text).default([]),
        MessageSystemAttributeNames: z.array(text).default([]),
        MessageAttributeNames: z.array(text).default([]),
      }),
      input,
    )
    const messages = await queue.receive({
      most: options.MaxNumberOfMessages,
      waitMs: options.WaitTimeSeconds * 1000,
      visibilityMs: options.VisibilityTimeout * 1000,
      signal,
    })
    const system = [...options.AttributeNames, ...options.MessageSystemAttributeNames]
    return { Messages: messages.map((message) => present(message, system, options.MessageAttributeNames)) }
  }

  /** Each entry succeeds or fails by itself. */
  #batch<Shape extends z.ZodRawShape>(
    input: unknown,
    entry: z.ZodObject<Shape>,
    act: (queue: MessageQueue, entry: z.output<z.ZodObject<Shape>>) => object | undefined,
  ) {
    const queue = this.#queueOf(input)
    const { Entries } = parse(batchOf(entry), input) as unknown as {
      Entries: (z.output<z.ZodObject<Shape>> & { Id: string })[]
    }
    if (Entries.length === 0)
      throw new SqsError('EmptyBatchRequest', 'There should be at least one entry in the request.')
    if (Entries.length > 10) {
      throw new SqsError('TooManyEntriesInBatchRequest', 'Maximum number of entries per request are 10.')
    }
    if (new Set(Entries.map(({ Id }) => Id)).size < Entries.length) {
      throw new SqsError('BatchEntryIdsNotDistinct', 'Two or more batch entries have the same Id.')
    }
    const Successful: object[] = []
    const Failed: { Id: string; Code: SqsErrorCode; Message: string; SenderFault: boolean }[] = []
    for (const item of Entries) {
      try {
        Successful.push({ Id: item.Id, ...act(queue, item) })
      } catch (error) {
        if (!(error instanceof SqsError)) throw error
        Failed.push({ Id: item.Id, Code: error.code, Message: error.message, SenderFault: true })
      }
    }
    return { Successful, Failed }
  }

  #queueOf(input: unknown): MessageQueue {
    return this.#queue(parse(ofQueue, input).QueueUrl.split('/').at(-1) ?? '')
  }

  #queue(name: string): MessageQueue {
    const queue = this.#queues.get(name)
    if (!queue) throw new SqsError('QueueDoesNotExist', 'The specified queue does not exist.')
    return queue
  }
}

const urlOf = (baseUrl: string, name: string): string => `${baseUrl}/${ACCOUNT}/${name}`

function send(queue: MessageQueue, entry: z.output<typeof toSend>) {
  const { MessageBody: body, MessageAttributes, DelaySeconds } = entry
  if (Buffer.byteLength(body) > queue.attributes.MaximumMessageSize) {
    throw new SqsError(
      'InvalidParameterValue',
      `One or more parameters are invalid. Reason: Message must be shorter than ${queue.attributes.MaximumMessageSize} bytes.`,
    )
  }
  const message = queue.send(body, MessageAttributes, DelaySeconds)
  return {
    MessageId: message.id,
    MD5OfMessageBody: md5Of(body),
    MD5OfMessageAttributes: md5OfAttributes(MessageAttributes),
  }
}

function remove(queue: MessageQueue, entry: { ReceiptHandle: string }): undefined {
  queue.delete(entry.ReceiptHandle)
}

function changeVisibility(queue: MessageQueue, entry: z.output<typeof change>): undefined {
  queue.changeVisibility(entry.ReceiptHandle, entry.VisibilityTimeout)
}

function present(message: Message, system: readonly string[], names: readonly string[]) {
  const all: Record<string, string> = {
    ApproximateReceiveCount: String(message.receives),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs),
    SentTimestamp: String(message.sentMs),
    SenderId: ACCOUNT,
  }
  const wanted = (name: string) =>
    names.some(
      (n) => n === 'All' || n === '.*' || n === name || (n.endsWith('.*') && name.startsWith(n.slice(0, -2))),
    )
  const attributes = Object.fromEntries(Object.entries(message.attributes).filter(([name]) => wanted(name)))
  const some = Object.keys(attributes).length > 0
  return {
    MessageId: message.id,
    ReceiptHandle: message.receipt,
    Body: message.body,
    MD5OfBody: md5Of(message.body),
    Attributes: Object.fromEntries(
      Object.entries(all).filter(([name]) => system.includes('All') || system.includes(name)),
    ),
    ...(some ? { MessageAttributes: attributes, MD5OfMessageAttributes: md5OfAttributes(attributes) } : {}),
  }
}

function parse<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const name = issue?.path.join('.') ?? ''
  const missing = issue?.code === 'invalid_type' && issue.input === undefined
  throw missing
    ? new SqsError('MissingParameter', `The request must contain the parameter ${name}.`)
    : new SqsError(
        'InvalidParameterValue',
        `Value for parameter ${name} is invalid. Reason: ${issue?.message}.`,
      )
}
