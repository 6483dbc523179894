import { after, before } from 'mocha'
import { silentLog } from '#shared/log.ts'
import { SqsBellQueue } from '#shared/queue/sqs-bell-queue.ts'
import { startTestCloud, type TestCloud } from '../../support/localcloud.ts'
import { bellQueueContract } from './bell-queue-contract.ts'

let cloud: TestCloud
let queues = 0

before(async () => {
  cloud = await startTestCloud()
})
after(() => cloud[Symbol.asyncDispose]())

bellQueueContract(
  'on SQS',
  async () => new SqsBellQueue({ client: cloud.sqs, queueName: `bells-${++queues}`, log: silentLog }),
)
