import assert from 'node:assert/strict'
import { silentLog } from '#shared/log.ts'
import { Loop } from '../../../services/master/loop.ts'
import { FakeClock } from '../../support/fake-clock.ts'

describe('a loop', () => {
  let clock: FakeClock
  let stop: AbortController
  let rounds: number[]

  beforeEach(() => {
    clock = new FakeClock()
    stop = new AbortController()
    rounds = []
  })

  const loop = (round: (signal: AbortSignal) => Promise<number>) =>
    new Loop({
      name: 'test',
      clock,
      log: silentLog,
      round: (signal) => {
        rounds.push(clock.monotonicMs())
        return round(signal)
      },
    })

  it('waits as long as the round says', async () => {
    const running = loop(async () => 100).run(stop.signal)
    await clock.advance(250)
    stop.abort(new Error('over'))
    await running
    assert.deepEqual(rounds, [0, 100, 200])
  })

  it('begins at once when it is woken', async () => {
    const woken = loop(async () => 1000)
    const running = woken.run(stop.signal)
    await clock.advance(10)
    woken.wake()
    await clock.advance(10)
    stop.abort(new Error('over'))
    await running
    assert.deepEqual(rounds, [0, 10])
  })

  it('runs once more when it is woken in the middle of a round, for that round may have looked too early', async () => {
    const busy = Promise.withResolvers<number>()
    const woken = loop(() => (rounds.length === 1 ? busy.promise : Promise.resolve(1000)))
    const running = woken.run(stop.signal)
    await clock.advance(10)
    woken.wake()
    busy.resolve(1000)
    await clock.advance(10)
    stop.abort(new Error('over'))
    await running
    assert.deepEqual(rounds, [0, 10])
  })

  it('repeats a round that failed, later and later, and no sooner for being woken', async () => {
    const failing = loop(async () => {
      failing.wake()
      throw new Error('the provider is away')
    })
    const running = failing.run(stop.signal)
    await clock.advance(60_000)
    stop.abort(new Error('over'))
    await running
    const waits = rounds.slice(1).map((at, i) => at - (rounds[i] ?? 0))
    assert.ok(waits.length >= 4 && waits.length <= 8, `waits: ${waits}`)
    assert.ok((waits.at(-1) ?? 0) > 4 * (waits[0] ?? 0))
  })

  it('ends when it is told, after the round under way', async () => {
    let ended = false
    const busy = Promise.withResolvers<number>()
    const running = loop(() => busy.promise)
      .run(stop.signal)
      .then(() => {
        ended = true
      })
    stop.abort(new Error('over'))
    await clock.advance(1000)
    assert.equal(ended, false)
    busy.resolve(100)
    await running
    assert.equal(rounds.length, 1)
    assert.equal(clock.sleepers, 0)
  })
})
