import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { combineCrcs } from '../../../services/localcloud/checksums/combine-crcs.ts'
import { checksumAlgorithms, createDigest } from '../../../services/localcloud/checksums/digest.ts'

const digestOf = (algorithm: (typeof checksumAlgorithms)[number], ...chunks: Uint8Array[]) => {
  const digest = createDigest(algorithm)
  for (const chunk of chunks) digest.update(chunk)
  return digest.digest()
}

describe('checksums', () => {
  it('give the published check values of "123456789"', () => {
    const bytes = Buffer.from('123456789')
    const known = { crc32: 'cbf43926', crc32c: 'e3069283', crc64nvme: 'ae8b14860a799888' } as const
    for (const algorithm of ['crc32', 'crc32c', 'crc64nvme'] as const) {
      assert.equal(digestOf(algorithm, bytes).toString('hex'), known[algorithm])
    }
    assert.deepEqual(digestOf('sha256', bytes), createHash('sha256').update(bytes).digest())
  })

  it('do not depend on how the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.uint8Array(),
        fc.constantFrom(...checksumAlgorithms),
        (a, b, algorithm) => {
          assert.deepEqual(digestOf(algorithm, a, b), digestOf(algorithm, Buffer.concat([a, b])))
        },
      ),
    )
  })

  it('of parts give that of the whole', () => {
    const crcs = ['crc32', 'crc32c', 'crc64nvme'] as const
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array(), { minLength: 1 }),
        fc.constantFrom(...crcs),
        (parts, algorithm) => {
          const sums = parts.map((part) => ({
            value: digestOf(algorithm, part).toString('base64'),
            bytes: part.length,
          }))
          assert.equal(combineCrcs(algorithm, sums), digestOf(algorithm, ...parts).toString('base64'))
        },
      ),
      { numRuns: 50 },
    )
  })
})
