import assert from 'node:assert/strict'
import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs'
import { after, before, describe, it } from 'mocha'
import { createSqsClient } from '#shared/queue/create-sqs-client.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { startTestCloud, type TestCloud, testCredentials } from '../../support/localcloud.ts'

describe('queues of the local cloud', () => {
  // The clock stands still: what takes seconds on SQS is told when they have passed.
  const clock = new FakeClock(Date.now())
  let cloud: TestCloud
  let made = 0
  before(async () => {
    cloud = await startTestCloud({ clock })
  })
  after(() => cloud[Symbol.asyncDispose]())

  const create = async (Attributes: Record<string, string> = {}) => {
    const { QueueUrl = '' } = await cloud.sqs.send(
      new CreateQueueCommand({ QueueName: `queue-${++made}`, Attributes }),
    )
    return QueueUrl
  }
  const send = (QueueUrl: string, MessageBody: string, more = {}) =>
    cloud.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }))
  const receive = async (QueueUrl: string, more: Partial<ReceiveMessageCommandInput> = {}) =>
    (await cloud.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...more })))
      .Messages ?? []
  const bodies = async (QueueUrl: string) => (await receive(QueueUrl)).map(({ Body }) => Body)
  const attributes = async (QueueUrl: string) => {
    const answer = await cloud.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))
    return answer.Attributes ?? {}
  }

  it('are made once, found by name and prefix, and deleted', async () => {
    const QueueUrl = await create({ VisibilityTimeout: '45' })
    const QueueName = QueueUrl.split('/').at(-1) ?? ''
    const again = await cloud.sqs.send(
      new CreateQueueCommand({ QueueName, Attributes: { VisibilityTimeout: '45' } }),
    )
    assert.equal(again.QueueUrl, QueueUrl)
    await assert.rejects(
      cloud.sqs.send(new CreateQueueCommand({ QueueName, Attributes: { VisibilityTimeout: '46' } })),
      { name: 'QueueNameExists' },
    )
    assert.equal((await cloud.sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl, QueueUrl)
    const { QueueUrls } = await cloud.sqs.send(new ListQueuesCommand({ QueueNamePrefix: QueueName }))
    assert.deepEqual(QueueUrls, [QueueUrl])
    await cloud.sqs.send(new DeleteQueueCommand({ QueueUrl }))
    await assert.rejects(cloud.sqs.send(new GetQueueUrlCommand({ QueueName })), QueueDoesNotExist)
    await assert.rejects(send(QueueUrl, 'x'), QueueDoesNotExist)
  })

  it('show and change their attributes, and refuse what is none', async () => {
    const QueueUrl = await create()
    const set = (Attributes: Record<string, string>) =>
      cloud.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }))
    await set({ VisibilityTimeout: '7', MessageRetentionPeriod: '1209600' })
    const all = await attributes(QueueUrl)
    assert.equal(all.VisibilityTimeout, '7')
    assert.equal(all.MessageRetentionPeriod, '1209600')
    assert.equal(all.DelaySeconds, '0')
    assert.match(all.QueueArn ?? '', /^arn:aws:sqs:us-east-1:\d{12}:queue-\d+$/)
    await assert.rejects(set({ VisibilityTimeout: '99999' }), { name: 'InvalidAttributeValue' })
    await assert.rejects(set({ Nonsense: '1' }), { name: 'InvalidAttributeName' })
    await assert.rejects(set({ RedrivePolicy: '{' }), { name: 'InvalidAttributeValue' })
  })

  it('give a message with its attributes and numbers, hide it, and give it again after its timeout', async () => {
    const QueueUrl = await create({ VisibilityTimeout: '30' })
    const MessageAttributes = {
      kind: { DataType: 'String', StringValue: 'bell' },
      raw: { DataType: 'Binary', BinaryValue: Buffer.from([1, 2, 3]) },
    }
    await send(QueueUrl, 'hellö', { MessageAttributes })
    const [first, ...more] = await receive(QueueUrl, {
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    })
    assert.deepEqual(more, [])
    assert.equal(first?.Body, 'hellö') // the SDK has compared MD5OfBody
    assert.equal(first?.Attributes?.ApproximateReceiveCount, '1')
    assert.equal(first?.MessageAttributes?.kind?.StringValue, 'bell')
    assert.deepEqual(Buffer.from(first?.MessageAttributes?.raw?.BinaryValue ?? []), Buffer.from([1, 2, 3]))
    assert.deepEqual(await receive(QueueUrl), [])
    assert.equal((await attributes(QueueUrl)).ApproximateNumberOfMessagesNotVisible, '1')
    await clock.advance(29_999)
    assert.deepEqual(await receive(QueueUrl), [])
    await clock.advance(1)
    const [second] = await receive(QueueUrl, { MessageSystemAttributeNames: ['All'] })
    assert.equal(second?.Attributes?.ApproximateReceiveCount, '2')
    assert.equal(second?.MessageId, first?.MessageId)
    await cloud.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: second?.ReceiptHandle }))
    await clock.advance(30_000)
    assert.deepEqual(await receive(QueueUrl), [])
  })

  it('wake a long poll when a message is sent, when a delay is over and when a timeout is', async () => {
    const QueueUrl = await create({ VisibilityTimeout: '5' })
    const poll = () => receive(QueueUrl, { WaitTimeSeconds: 20 })
    const sent = poll()
    await untilPolling()
    await send(QueueUrl, 'now')
    assert.deepEqual(
      (await sent).map(({ Body }) => Body),
      ['now'],
    )

    const again = poll() // 'now' is hidden for 5 s
    await untilPolling()
    await clock.advance(5_000)
    const [message] = await again
    assert.equal(message?.Body, 'now')
    await cloud.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }))

    await send(QueueUrl, 'later', { DelaySeconds: 3 })
    assert.equal((await attributes(QueueUrl)).ApproximateNumberOfMessagesDelayed, '1')
    const delayed = poll()
    await untilPolling()
    await clock.advance(3_000)
    assert.deepEqual(
      (await delayed).map(({ Body }) => Body),
      ['later'],
    )

    const nothing = receive(await create(), { WaitTimeSeconds: 20 })
    await untilPolling()
    await clock.advance(20_000)
    assert.deepEqual(await nothing, [])
  })

  /** Until the server waits on its clock for the poll that was sent. */
  async function untilPolling(): Promise<void> {
    for (let turn = 0; clock.sleepers === 0; turn++) {
      assert.ok(turn < 100_000, 'no long poll has begun')
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  it('hand a message back, or keep it longer, as its receiver says', async () => {
    const QueueUrl = await create({ VisibilityTimeout: '10' })
    await send(QueueUrl, 'x')
    const change = (ReceiptHandle: string | undefined, VisibilityTimeout: number) =>
      cloud.sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }))
    const [first] = await receive(QueueUrl)
    await change(first?.ReceiptHandle, 60)
    await clock.advance(59_000)
    assert.deepEqual(await receive(QueueUrl), [])
    await change(first?.ReceiptHandle, 0)
    const [second] = await receive(QueueUrl)
    assert.equal(second?.Body, 'x')
    await assert.rejects(change(first?.ReceiptHandle, 5), { name: 'MessageNotInflight' })
    await assert.rejects(change('nonsense', 5), { name: 'ReceiptHandleIsInvalid' })
  })

  it('do in batches what they do one by one, each entry by itself', async () => {
    const QueueUrl = await create()
    const sent = await cloud.sqs.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: ['a', 'b', 'c'].map((Id) => ({ Id, MessageBody: `body ${Id}` })),
      }),
    )
    assert.deepEqual(
      sent.Successful?.map(({ Id }) => Id),
      ['a', 'b', 'c'],
    )
    const messages = await receive(QueueUrl)
    assert.deepEqual(
      messages.map(({ Body }) => Body),
      ['body a', 'body b', 'body c'],
    )
    const entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }))
    const changed = await cloud.sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl,
        Entries: [
          { Id: 'good', ReceiptHandle: messages[0]?.ReceiptHandle, VisibilityTimeout: 0 },
          { Id: 'bad', ReceiptHandle: 'nonsense', VisibilityTimeout: 0 },
        ],
      }),
    )
    assert.deepEqual(
      changed.Successful?.map(({ Id }) => Id),
      ['good'],
    )
    assert.deepEqual(
      changed.Failed?.map(({ Id, Code }) => [Id, Code]),
      [['bad', 'ReceiptHandleIsInvalid']],
    )
    const deleted = await cloud.sqs.send(
      new DeleteMessageBatchCommand({ QueueUrl, Entries: entries.slice(1) }),
    )
    assert.equal(deleted.Successful?.length, 2)
    assert.deepEqual(await bodies(QueueUrl), ['body a'])
    const many = Array.from({ length: 11 }, (_, i) => ({ Id: String(i), MessageBody: 'x' }))
    const batch = (Entries: typeof many) => cloud.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
    await assert.rejects(batch(many), { name: 'TooManyEntriesInBatchRequest' })
    await assert.rejects(batch([]), { name: 'EmptyBatchRequest' })
    await assert.rejects(batch([many[0], many[0]].flatMap((entry) => entry ?? [])), {
      name: 'BatchEntryIdsNotDistinct',
    })
  })

  it('move what was received too often to the dead-letter queue', async () => {
    const deadUrl = await create()
    const { QueueArn } = await attributes(deadUrl)
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: QueueArn, maxReceiveCount: 2 })
    const QueueUrl = await create({ VisibilityTimeout: '1', RedrivePolicy })
    await send(QueueUrl, 'poison')
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(await bodies(QueueUrl), ['poison'])
      await clock.advance(1_000)
    }
    assert.deepEqual(await bodies(QueueUrl), [])
    assert.deepEqual(await bodies(deadUrl), ['poison'])
  })

  it('forget messages when they are purged, and when they are too old', async () => {
    const QueueUrl = await create({ MessageRetentionPeriod: '60' })
    await send(QueueUrl, 'old')
    await clock.advance(60_000)
    assert.deepEqual(await bodies(QueueUrl), [])
    await send(QueueUrl, 'purged')
    await cloud.sqs.send(new PurgeQueueCommand({ QueueUrl }))
    assert.deepEqual(await bodies(QueueUrl), [])
  })

  it('end their long polls when the cloud closes', async () => {
    await using other = await startTestCloud()
    const { QueueUrl } = await other.sqs.send(new CreateQueueCommand({ QueueName: 'q' }))
    const polling = other.sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }))
    await other.sqs.send(new ListQueuesCommand({}))
    const begunMs = performance.now()
    const settled = Promise.allSettled([polling])
    await other.restart()
    await settled
    assert.ok(performance.now() - begunMs < 4_000)
  })

  it('refuse a wrong key', async () => {
    const credentials = { ...testCredentials, secretAccessKey: 'wrong' }
    const wrong = createSqsClient({ endpoint: cloud.sqsUrl, credentials, maxAttempts: 1 })
    await assert.rejects(wrong.send(new ListQueuesCommand({})), { name: 'SignatureDoesNotMatch' })
    wrong.destroy()
  })
})
