import assert from 'node:assert/strict'
import { GetQueueAttributesCommand, GetQueueUrlCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { describe, it } from 'mocha'
import { hasCode } from '#shared/errors.ts'
import { silentLog } from '#shared/log.ts'
import { createSqsClient } from '#shared/queue/create-sqs-client.ts'
import { SqsBellQueue } from '#shared/queue/sqs-bell-queue.ts'
import { startTestCloud, testCredentials } from '../../support/localcloud.ts'

const bell = { version: 1, jobId: 'job_a', task: 'main' } as const

describe('the bell queue on SQS', () => {
  it('makes its queue with a dead-letter queue and the longest retention', async () => {
    await using cloud = await startTestCloud()
    await new SqsBellQueue({ client: cloud.sqs, queueName: 'bells', log: silentLog }).send(bell)
    const { QueueUrl } = await cloud.sqs.send(new GetQueueUrlCommand({ QueueName: 'bells' }))
    const { Attributes = {} } = await cloud.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    )
    assert.equal(Attributes.MessageRetentionPeriod, '1209600')
    assert.equal(Attributes.VisibilityTimeout, '60')
    assert.deepEqual(JSON.parse(Attributes.RedrivePolicy ?? '{}'), {
      deadLetterTargetArn: Attributes.QueueArn?.replace(/bells$/, 'bells-dead'),
      maxReceiveCount: 50,
    })
    await cloud.sqs.send(new GetQueueUrlCommand({ QueueName: 'bells-dead' }))
  })

  it('makes its queue again when it has vanished, in the middle of its work', async () => {
    await using cloud = await startTestCloud()
    const queue = new SqsBellQueue({ client: cloud.sqs, queueName: 'bells', log: silentLog })
    await queue.send(bell)
    await cloud.restart() // queues live in memory
    assert.deepEqual(await queue.receive({ most: 1, waitSec: 0 }), [])
    await queue.send(bell)
    assert.equal((await queue.receive({ most: 1, waitSec: 1 })).length, 1)
  })

  it('deletes what is not a bell, and never returns it', async () => {
    await using cloud = await startTestCloud()
    const queue = new SqsBellQueue({ client: cloud.sqs, queueName: 'bells', log: silentLog })
    await queue.depth()
    const { QueueUrl } = await cloud.sqs.send(new GetQueueUrlCommand({ QueueName: 'bells' }))
    for (const MessageBody of ['not JSON', '{"version":2}', '{"version":1,"jobId":"","task":"main"}']) {
      await cloud.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))
    }
    await queue.send(bell)
    const received = await queue.receive({ most: 10, waitSec: 1 })
    assert.deepEqual(
      received.map(({ jobId }) => jobId),
      ['job_a'],
    )
    const { Attributes = {} } = await cloud.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    )
    assert.equal(Attributes.ApproximateNumberOfMessagesNotVisible, '1')
  })

  it('says queue-unavailable when nobody answers', async () => {
    const client = createSqsClient({
      endpoint: 'http://127.0.0.1:9',
      credentials: testCredentials,
      maxAttempts: 1,
    })
    const queue = new SqsBellQueue({ client, queueName: 'bells', log: silentLog })
    await assert.rejects(queue.send(bell), (error) => hasCode(error, 'queue-unavailable'))
    client.destroy()
  })
})
