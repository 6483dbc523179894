import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { MemoryBellQueue, type QueueFaults } from '#shared/queue/memory-bell-queue.ts'
import { FakeClock } from '../../support/fake-clock.ts'

describe('the bell queue in memory, with faults', () => {
  const open = (faults: QueueFaults) => {
    const clock = new FakeClock()
    return { clock, queue: new MemoryBellQueue({ clock, faults }) }
  }
  const ring = (queue: MemoryBellQueue, ...jobIds: string[]) =>
    Promise.all(jobIds.map((jobId) => queue.send({ version: 1, jobId, task: 'main' })))
  const jobs = async (queue: MemoryBellQueue) =>
    (await queue.receive({ most: 10, waitSec: 0 })).map(({ jobId }) => jobId)

  it('loses, doubles and delays bells as it is told', async () => {
    const fates: Record<string, number[]> = { lost: [], doubled: [0, 0], late: [5_000] }
    const { clock, queue } = open({ onSend: ({ jobId }) => fates[jobId] ?? [0] })
    await ring(queue, 'lost', 'doubled', 'late')
    assert.deepEqual(await jobs(queue), ['doubled', 'doubled'])
    await clock.advance(5_000)
    assert.deepEqual(await jobs(queue), ['late'])
  })

  it('delivers in the order that it is told', async () => {
    const { queue } = open({ choose: (count) => count - 1 })
    await ring(queue, 'a', 'b', 'c')
    assert.deepEqual(await jobs(queue), ['c', 'b', 'a'])
  })

  it('fails a request before it has an effect', async () => {
    const { queue } = open({
      onRequest: (verb) => {
        if (verb === 'send') throw new Error('no answer')
      },
    })
    await assert.rejects(ring(queue, 'a'), /no answer/)
    assert.equal(await queue.depth(), 0)
  })

  it('delivers a bell again that nobody deleted, and forgets all when it is purged', async () => {
    const { clock, queue } = open({})
    await ring(queue, 'a')
    assert.deepEqual(await jobs(queue), ['a'])
    await clock.advance(60_000)
    const [again] = await queue.receive({ most: 1, waitSec: 0 })
    assert.equal(again?.deliveries, 2)
    queue.purge()
    await clock.advance(60_000)
    assert.deepEqual(await jobs(queue), [])
  })
})
