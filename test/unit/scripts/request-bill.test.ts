import assert from 'node:assert/strict'
import { billOf, isList } from '../../../scripts/bench/request-bill.ts'

const list = { method: 'GET', path: '/reelmill-state/?list-type=2&prefix=w%2F' }

describe('the bill for requests', () => {
  it('tells a list of a bucket from a read of an object', () => {
    assert.equal(isList(list), true)
    assert.equal(isList({ method: 'GET', path: '/reelmill-state?list-type=2' }), true)
    assert.equal(isList({ method: 'GET', path: '/reelmill-state/w/1.json?x-id=GetObject' }), false)
    assert.equal(isList({ method: 'POST', path: '/', action: 'ReceiveMessage' }), false)
  })

  it('prices writes and lists, reads, and messages apart, and deleting not at all', () => {
    const bill = billOf([
      list,
      { method: 'PUT', path: '/reelmill-state/j/00/job.json' },
      { method: 'POST', path: '/reelmill-media/in/a?uploads' },
      { method: 'GET', path: '/reelmill-state/j/00/job.json' },
      { method: 'HEAD', path: '/reelmill-media/in/a' },
      { method: 'POST', path: '/', action: 'SendMessage' },
      { method: 'DELETE', path: '/reelmill-state/x/open/a' },
    ])
    const { usd, ...counts } = bill
    assert.deepEqual(counts, { writes: 3, reads: 2, messages: 1 })
    assert.ok(Math.abs(usd - (3 * 5 + 2 * 0.4 + 0.4) / 1e6) < 1e-12)
  })
})
