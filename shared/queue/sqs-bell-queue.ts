import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { messageOf, ReelmillError } from '#shared/errors.ts'
import type { Log } from '#shared/log.ts'
import type { Bell, BellQueue, ReceivedBell } from '#shared/queue/bell-queue.ts'
import { parseBell } from '#shared/queue/parse-bell.ts'

export interface SqsBellQueueOptions {
  readonly client: SQSClient
  /** Looked up at the first use, and created with its dead-letter queue `<name>-dead` when it is not there. */
  readonly queueName: string
  readonly log: Log
}

/** A worker deletes a bell right after it has leased the job; this is how long a dead one keeps it hidden. */
const VISIBILITY_SEC = 60
/** Bells are cheap: only one that nobody can make sense of is delivered so often. */
const MOST_DELIVERIES = 50
/** SQS's longest. */
const RETENTION_SEC = 14 * 24 * 3600

/**
 * The queue on SQS, or what speaks as SQS does. A queue that has vanished (a restarted local cloud keeps none) is
 * created again and the call repeated once: it only carries bells, and the sweep rings those that are missing.
 */
export class SqsBellQueue implements BellQueue {
  readonly #client: SQSClient
  readonly #queueName: string
  readonly #log: Log
  #url: Promise<string> | undefined

  constructor(options: SqsBellQueueOptions) {
    this.#client = options.client
    this.#queueName = options.queueName
    this.#log = options.log
  }

  async send(bell: Bell, signal?: AbortSignal): Promise<void> {
    const { version, jobId, task } = bell
    const MessageBody = JSON.stringify({ version, jobId, task })
    await this.#call('ring', signal, (QueueUrl, options) =>
      this.#client.send(new SendMessageCommand({ QueueUrl, MessageBody }), options),
    )
  }

  async receive(options: {
    readonly most: number
    readonly waitSec: number
    readonly signal?: AbortSignal
  }): Promise<readonly ReceivedBell[]> {
    const { most, waitSec, signal } = options
    const answer = await this.#call('receive', signal, (QueueUrl, http) =>
      this.#client.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: most,
          WaitTimeSeconds: waitSec,
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
        http,
      ),
    )
    const bells = await Promise.all((answer.Messages ?? []).map((message) => this.#toBell(message)))
    return bells.filter((bell) => bell !== undefined)
  }

  async delete(receipt: string): Promise<void> {
    await this.#call('delete', undefined, (QueueUrl) =>
      this.#client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: receipt })),
    )
  }

  async extend(receipt: string, sec: number): Promise<void> {
    try {
      await this.#call('extend', undefined, (QueueUrl) =>
        this.#client.send(
          new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: receipt, VisibilityTimeout: sec }),
        ),
      )
    } catch (error) {
      // The message is gone or visible again, so there is nothing left to hide: the bell may ring twice.
      const name = error instanceof ReelmillError && error.cause instanceof Error ? error.cause.name : ''
      if (!lapsed.includes(name)) throw error
    }
  }

  async depth(signal?: AbortSignal): Promise<number> {
    const answer = await this.#call('count', signal, (QueueUrl, options) =>
      this.#client.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
        options,
      ),
    )
    return Number(answer.Attributes?.ApproximateNumberOfMessages ?? 0)
  }

  async #toBell(message: Message): Promise<ReceivedBell | undefined> {
    const receipt = message.ReceiptHandle ?? ''
    const bell = parseBell(message.Body ?? '')
    const deliveries = Number(message.Attributes?.ApproximateReceiveCount ?? 1)
    if (bell) return { ...bell, receipt, deliveries }
    this.#log.warn(
      { messageId: message.MessageId },
      'a message that is not a bell was deleted from the queue',
    )
    await this.delete(receipt)
    return undefined
  }

  /** Runs one request on the queue; turns what fails into `queue-unavailable`, and an abort into its reason. */
  async #call<T>(
    verb: string,
    signal: AbortSignal | undefined,
    request: (queueUrl: string, options: { abortSignal?: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    const options = signal ? { abortSignal: signal } : {}
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted()
      try {
        return await request(await this.#queueUrl(), options)
      } catch (error) {
        signal?.throwIfAborted()
        if (error instanceof QueueDoesNotExist) {
          this.#url = undefined
          if (attempt === 1) continue
        }
        throw new ReelmillError(
          'queue-unavailable',
          `The queue ${this.#queueName} could not ${verb}: ${messageOf(error)}. Check that it runs and that the credentials may use it; no job is lost meanwhile.`,
          { facts: { queue: this.#queueName, verb }, cause: error },
        )
      }
    }
  }

  /** One look-up is shared by all who wait for it; a failed one is not remembered. */
  async #queueUrl(): Promise<string> {
    this.#url ??= openQueue(this.#client, this.#queueName)
    const url = this.#url
    try {
      return await url
    } catch (error) {
      if (this.#url === url) this.#url = undefined
      throw error
    }
  }
}

const lapsed = ['MessageNotInflight', 'InvalidParameterValue', 'ReceiptHandleIsInvalid']

async function openQueue(client: SQSClient, name: string): Promise<string> {
  try {
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }))
    if (QueueUrl !== undefined) return QueueUrl
  } catch (error) {
    if (!(error instanceof QueueDoesNotExist)) throw error
  }
  const retention = { MessageRetentionPeriod: String(RETENTION_SEC) }
  const deadUrl = await createQueue(client, `${name}-dead`, retention)
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: deadUrl, AttributeNames: ['QueueArn'] }),
  )
  return await createQueue(client, name, {
    ...retention,
    VisibilityTimeout: String(VISIBILITY_SEC),
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: Attributes?.QueueArn,
      maxReceiveCount: String(MOST_DELIVERIES),
    }),
  })
}

async function createQueue(
  client: SQSClient,
  name: string,
  attributes: Record<string, string>,
): Promise<string> {
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }))
  if (QueueUrl === undefined) throw new Error(`creating the queue ${name} gave no URL`)
  return QueueUrl
}
