import assert from 'node:assert/strict'
import { isSampled } from '../../../services/worker/ffmpeg/is-sampled.ts'

const jobs = Array.from({ length: 2000 }, (_, n) => ({ jobId: `job_${n}`, name: 'web-720p' }))
const chosen = (share: number) => jobs.filter((output) => isSampled(share, output))

describe('The sample of outputs that are decoded whole', () => {
  it('is none at 0 and each at 1', () => {
    assert.equal(chosen(0).length, 0)
    assert.equal(chosen(1).length, jobs.length)
  })

  it('is about as large as asked', () => {
    for (const share of [0.01, 0.1, 0.5]) {
      const found = chosen(share).length / jobs.length
      assert.ok(Math.abs(found - share) < 0.03, `${found} of all at ${share}`)
    }
  })

  it('is the same whenever a job is tried again', () => {
    assert.deepEqual(chosen(0.1), chosen(0.1))
  })

  it('only grows with the share', () => {
    const few = new Set(chosen(0.1))
    const more = new Set(chosen(0.2))
    assert.ok([...few].every((output) => more.has(output)))
  })

  it('is chosen among the outputs of a job one by one', () => {
    const names = Array.from({ length: 40 }, (_, n) => `output-${n}`)
    const found = names.filter((name) => isSampled(0.5, { jobId: 'job_1', name })).length
    assert.ok(found > 8 && found < 32, `${found} of 40`)
  })

  it('does not mistake the end of an id for the beginning of a name', () => {
    const halves = Array.from({ length: 64 }, (_, n) => [`a${n}`, 'bc', `a${n}b`, 'c'] as const)
    const alike = halves.filter(
      ([id, name, longer, shorter]) =>
        isSampled(0.5, { jobId: id, name }) === isSampled(0.5, { jobId: longer, name: shorter }),
    )
    assert.ok(alike.length < 64, 'they are chosen as one')
  })
})
