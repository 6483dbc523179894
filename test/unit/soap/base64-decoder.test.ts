import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { Base64Decoder } from '../../../services/frontend/soap/envelope/base64-decoder.ts'

function decode(text: string, cuts: readonly number[] = []): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  const decoder = new Base64Decoder('Content')
  const decoded: Uint8Array[] = []
  let from = 0
  for (const cut of [...cuts, bytes.length]) {
    decoded.push(...decoder.write(bytes.subarray(from, cut)))
    from = cut
  }
  decoder.end()
  return Buffer.concat(decoded)
}

const everywhere = (text: string) => Array.from({ length: text.length }, (_, i) => i)

describe('Base64 inside an element', () => {
  it('is decoded however it is cut and broken into lines', () => {
    const movie = randomBytes(200)
    for (const length of [0, 1, 2, 3, 4, 57, 200]) {
      const bytes = movie.subarray(0, length)
      for (const lineEnd of ['', '\n', '\r\n', '&#13;\n', '&#xD;\n', '&#xd;&#xA;', '&#10;', ' \t ']) {
        const text = `\n  ${bytes.toString('base64').replaceAll(/(.{7})/g, `$1${lineEnd}`)}${lineEnd}`
        assert.deepEqual(decode(text), bytes)
        assert.deepEqual(decode(text, everywhere(text)), bytes, `one byte at a time: ${JSON.stringify(text)}`)
      }
    }
  })

  it('may be written in references, as XML allows', () => {
    assert.deepEqual(decode('&#65;A&#x3d;&#61;'), Buffer.from([0]))
  })

  it('is refused with the name of its element when it is not base64', () => {
    for (const text of [
      'AAA',
      'A',
      'AA=',
      'AA==AA==',
      'AA==B',
      'AAAA=',
      '====',
      'A===',
      'A*AA',
      'AA-_',
      'AAAA\u00e9',
      'AA\fAA',
      'AAAA\0',
      '&lt;',
      '&amp;AAA',
      '&#0;',
      '&#128;',
      '&#x;',
      '&#;',
      '&#13',
      '&',
      '&#1111111111111111;',
      'AA==&#65;',
      '&#8;AAAA',
      '%41AAA',
    ])
      for (const cuts of [[], everywhere(text)])
        assert.throws(
          () => decode(text, cuts),
          (error: { code: string; message: string; facts: { field: string } }) =>
            error.code === 'invalid-request' &&
            error.facts.field === 'Content' &&
            error.message.includes('Content'),
          JSON.stringify(text),
        )
  })

  it('agrees with itself for any bytes and any cuts', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.nat(500), { maxLength: 8 }),
        fc.nat(20),
        (bytes, cuts, every) => {
          const plain = Buffer.from(bytes).toString('base64')
          const text = every === 0 ? plain : plain.replaceAll(new RegExp(`(.{${every}})`, 'g'), '$1&#xD;\r\n')
          const sorted = cuts.filter((cut) => cut < text.length).sort((a, b) => a - b)
          assert.deepEqual(decode(text, sorted), Buffer.from(bytes))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('stops at text that is nearly all white space', () => {
    const decoder = new Base64Decoder('Content')
    const blank = Buffer.alloc(64 * 1024, ' ')
    assert.throws(
      () => {
        for (let i = 0; i < 100; i++) decoder.write(blank)
      },
      { code: 'too-large' },
    )
  })
})
