import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Bell, BellQueue } from '#shared/queue/bell-queue.ts'

const bell = (jobId: string): Bell => ({ version: 1, jobId, task: 'main' })

/** What every queue must do, the one in memory included. `open` gives an empty queue. */
export function bellQueueContract(name: string, open: () => Promise<BellQueue>): void {
  describe(`the bell queue ${name}`, () => {
    it('delivers what was sent, once, with a receipt and the count of deliveries', async () => {
      const queue = await open()
      await queue.send(bell('job_a'))
      const [received, ...more] = await queue.receive({ most: 10, waitSec: 1 })
      assert.deepEqual(more, [])
      assert.deepEqual({ ...received, receipt: '' }, { ...bell('job_a'), receipt: '', deliveries: 1 })
      assert.deepEqual(await queue.receive({ most: 10, waitSec: 0 }), [])
    })

    it('keeps to the greatest number that was asked for', async () => {
      const queue = await open()
      for (const id of ['job_a', 'job_b', 'job_c']) await queue.send(bell(id))
      const two = await queue.receive({ most: 2, waitSec: 1 })
      const rest = await queue.receive({ most: 2, waitSec: 1 })
      assert.equal(two.length, 2)
      assert.deepEqual([...two, ...rest].map(({ jobId }) => jobId).sort(), ['job_a', 'job_b', 'job_c'])
    })

    it('wakes who waits as soon as a bell is sent', async () => {
      const queue = await open()
      const begunMs = performance.now()
      const waiting = queue.receive({ most: 1, waitSec: 20 })
      await queue.send(bell('job_late'))
      assert.equal((await waiting)[0]?.jobId, 'job_late')
      assert.ok(performance.now() - begunMs < 5_000)
    })

    it('answers with nothing when the wait is over', async () => {
      const queue = await open()
      assert.deepEqual(await queue.receive({ most: 1, waitSec: 1 }), [])
    })

    it('stops waiting with the reason of the signal', async () => {
      const queue = await open()
      const stop = new AbortController()
      const waiting = queue.receive({ most: 1, waitSec: 20, signal: stop.signal })
      setImmediate(() => stop.abort(new Error('enough')))
      await assert.rejects(waiting, /enough/)
    })

    it('never delivers a deleted bell again, even when it is handed back', async () => {
      const queue = await open()
      await queue.send(bell('job_a'))
      const [received] = await queue.receive({ most: 1, waitSec: 1 })
      await queue.delete(received?.receipt ?? '')
      await queue.extend(received?.receipt ?? '', 0)
      assert.deepEqual(await queue.receive({ most: 1, waitSec: 0 }), [])
    })

    it('takes a second delete of the same bell for a success', async () => {
      const queue = await open()
      await queue.send(bell('job_a'))
      const [received] = await queue.receive({ most: 1, waitSec: 1 })
      await queue.delete(received?.receipt ?? '')
      await queue.delete(received?.receipt ?? '')
    })

    it('delivers a bell that was handed back again, and counts', async () => {
      const queue = await open()
      await queue.send(bell('job_a'))
      const [first] = await queue.receive({ most: 1, waitSec: 1 })
      await queue.extend(first?.receipt ?? '', 0)
      const [second] = await queue.receive({ most: 1, waitSec: 5 })
      assert.equal(second?.jobId, 'job_a')
      assert.equal(second?.deliveries, 2)
      assert.notEqual(second?.receipt, first?.receipt)
    })

    it('counts the bells that wait', async () => {
      const queue = await open()
      assert.equal(await queue.depth(), 0)
      await queue.send(bell('job_a'))
      await queue.send(bell('job_b'))
      assert.equal(await queue.depth(), 2)
      await queue.receive({ most: 1, waitSec: 1 })
      assert.equal(await queue.depth(), 1)
    })
  })
}
