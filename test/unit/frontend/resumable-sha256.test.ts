import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { ResumableSha256 } from '../../../services/frontend/operations/resumable-sha256.ts'

const expected = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('A SHA-256 that can be put down and taken up', () => {
  it('is that of Node for any length, put down after every piece', () => {
    for (const length of [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1_000]) {
      const bytes = randomBytes(length)
      for (const piece of [1, 3, 64, 100, 1_000]) {
        let state = new ResumableSha256().state()
        for (let at = 0; at < length; at += piece) {
          const hash = new ResumableSha256(state)
          hash.update(bytes.subarray(at, at + piece))
          state = hash.state()
        }
        assert.equal(new ResumableSha256(state).digest(), expected(bytes), `${length} bytes by ${piece}`)
      }
    }
  })

  it('says what it has so far without an end', () => {
    const hash = new ResumableSha256()
    hash.update(Buffer.from('a mo'))
    assert.equal(hash.digest(), expected(Buffer.from('a mo')))
    hash.update(Buffer.from('vie'))
    assert.equal(hash.digest(), expected(Buffer.from('a movie')))
  })

  it('refuses a state that is none', () => {
    for (const state of ['', 'AAAA', Buffer.alloc(104).toString('base64')])
      assert.throws(() => new ResumableSha256(state))
  })
})
