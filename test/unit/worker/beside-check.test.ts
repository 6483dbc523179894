import assert from 'node:assert/strict'
import { besideCheck } from '../../../services/worker/beside-check.ts'

describe('work beside a check', () => {
  const going = new AbortController().signal
  const untilAborted = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      const stop = () => reject(signal.reason)
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop, { once: true })
    })
  const passes = () => Promise.resolve()

  it('counts only when the check has passed, however late', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    let isOver = false
    const both = besideCheck(
      going,
      () => promise,
      async () => 'made',
    ).then((made) => {
      isOver = true
      return made
    })
    await new Promise(setImmediate)
    assert.equal(isOver, false)
    resolve()
    assert.equal(await both, 'made')
  })

  it('is stopped by a check that fails, and over before that is thrown', async () => {
    let isStopped = false
    const refusal = new Error('not the same')
    const both = besideCheck(
      going,
      () => Promise.reject(refusal),
      (signal) =>
        untilAborted(signal).finally(async () => {
          await new Promise(setImmediate) // as a process takes a while to be gone
          isStopped = true
        }),
    )
    await assert.rejects(both, refusal)
    assert.equal(isStopped, true)
  })

  it('fails by what the check finds even where the work failed before', async () => {
    const { promise, reject } = Promise.withResolvers<void>()
    const both = besideCheck(
      going,
      () => promise,
      () => Promise.reject(new Error('cannot read it')),
    )
    await new Promise(setImmediate)
    reject(new Error('not the same'))
    await assert.rejects(both, /not the same/)
  })

  it('fails as the work does where the check passes', async () => {
    await assert.rejects(
      besideCheck(going, passes, () => Promise.reject(new Error('cannot read it'))),
      /cannot read it/,
    )
  })

  it('ends for the reason of the signal', async () => {
    const told = new AbortController()
    const both = besideCheck(told.signal, untilAborted, untilAborted)
    told.abort(new Error('SIGTERM'))
    await assert.rejects(both, /SIGTERM/)
  })
})
