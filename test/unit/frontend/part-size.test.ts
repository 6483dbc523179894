import assert from 'node:assert/strict'
import fc from 'fast-check'
import { partSizeFor } from '../../../services/frontend/operations/presign-parts.ts'

const MIB = 2 ** 20
const TIB = 2 ** 40

describe('the size of presigned parts', () => {
  it('lets any movie fit into the 10,000 parts that S3 takes, none of them too small or too large', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 * TIB }), (sizeBytes) => {
        const part = partSizeFor(sizeBytes)
        assert.ok(part >= 5 * MIB && part <= 5 * 2 ** 30)
        assert.ok(part * 10_000 >= sizeBytes)
      }),
    )
  })

  it('is small for usual movies, and large enough when the size is unknown', () => {
    assert.equal(partSizeFor(8 * 2 ** 30), 16 * MIB)
    assert.ok(partSizeFor(undefined) * 10_000 >= 4.8 * TIB)
  })
})
