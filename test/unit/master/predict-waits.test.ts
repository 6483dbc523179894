import assert from 'node:assert/strict'
import { furtherWorkers, predictWaits } from '../../../services/master/predict-waits.ts'

const SEC = 1000
const jobs = (count: number, workMs = 20 * SEC, waitedMs = 0) =>
  Array.from({ length: count }, () => ({ workMs, waitedMs }))

describe('predicting waits', () => {
  it('gives each job to whoever is free first, in order', () => {
    assert.deepEqual(predictWaits(jobs(4, 10), [0, 5]), [0, 5, 10, 15])
  })

  it('adds what a job has waited already', () => {
    assert.deepEqual(predictWaits([{ workMs: 10, waitedMs: 7 }], [5]), [12])
  })

  it('lets jobs wait for ever when there is nobody', () => {
    assert.deepEqual(predictWaits(jobs(1), []), [Number.POSITIVE_INFINITY])
  })

  it('agrees with a plain search for the least, for many workers and jobs', () => {
    let seed = 7
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647
      return seed % 1000
    }
    const many = Array.from({ length: 300 }, () => ({ workMs: random(), waitedMs: random() }))
    const free = Array.from({ length: 37 }, random)
    const plain = [...free]
    const expected = many.map(({ workMs, waitedMs }) => {
      const at = plain.indexOf(Math.min(...plain))
      const start = plain[at] ?? 0
      plain[at] = start + workMs
      return waitedMs + start
    })
    assert.deepEqual(predictWaits(many, free), expected)
  })
})

describe('the number of further workers', () => {
  const options = { bootMs: 2 * SEC, sloMs: 30 * SEC, most: 10 }

  const table: [string, Parameters<typeof furtherWorkers>, number][] = [
    ['none, when nothing waits', [[], [], options], 0],
    ['one, when there is nobody', [jobs(1), [], options], 1],
    ['none, when those there are in time', [jobs(2), [0], options], 0],
    ['as few as keep the goal', [jobs(3), [0], options], 1],
    ['none, when a busy one is free soon enough', [jobs(1), [20 * SEC], options], 0],
    ['one, when the busy one is not', [jobs(1), [40 * SEC], options], 1],
    ['never more than there are jobs', [jobs(3, 20 * SEC, 1000 * SEC), [], options], 3],
    ['never more than allowed', [jobs(50), [], options], 10],
    // Whoever waited too long already cannot be helped by more workers than can start it at once.
    ['as many as still help, when the goal is lost', [jobs(2, 20 * SEC, 60 * SEC), [0, 0], options], 0],
  ]
  for (const [name, args, expected] of table) {
    it(`is ${name}`, () => assert.equal(furtherWorkers(...args), expected))
  }

  it('is found quickly for ten thousand jobs', () => {
    assert.equal(furtherWorkers(jobs(10_000, 60 * SEC), [], { ...options, most: 1000 }), 1000)
  })
})
