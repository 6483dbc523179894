import assert from 'node:assert/strict'
import { toUtf8 } from '../../../services/frontend/soap/wire/transcode.ts'
import { inChunksOf, utf16be } from './support/bytes.ts'

const TEXT = '<?xml version="1.0"?><a>Zażółć gęślą jaźń, naïve 😀 €</a>'

async function read(bytes: Uint8Array, charset?: string, chunkBytes = 1): Promise<string> {
  const parts: Buffer[] = []
  for await (const chunk of toUtf8(inChunksOf(bytes, chunkBytes), charset)) parts.push(chunk)
  return Buffer.concat(parts).toString('utf8')
}

describe('Any encoding becomes UTF-8', () => {
  for (const chunkBytes of [1, 2, 3, 7, 10_000]) {
    it(`in chunks of ${chunkBytes} bytes, by mark, charset or declaration`, async () => {
      const read2 = (bytes: Uint8Array, charset?: string) => read(bytes, charset, chunkBytes)
      assert.equal(await read2(Buffer.from(TEXT)), TEXT)
      assert.equal(await read2(Buffer.from(TEXT), 'utf-8'), TEXT)
      assert.equal(await read2(Buffer.from(`\ufeff${TEXT}`), 'iso-8859-1'), TEXT, 'the mark wins')
      assert.equal(await read2(Buffer.from(`\ufeff${TEXT}`, 'utf16le'), 'utf-8'), TEXT, 'the mark wins')
      assert.equal(await read2(utf16be(`\ufeff${TEXT}`)), TEXT)
      assert.equal(await read2(Buffer.from(TEXT, 'utf16le'), 'UTF-16'), TEXT)
      assert.equal(await read2(utf16be(TEXT), 'utf-16'), TEXT)
      assert.equal(await read2(utf16be(TEXT)), TEXT)
      assert.equal(await read2(Buffer.from('<a>\xe9\x80</a>', 'latin1'), 'ISO-8859-1'), '<a>\xe9\x80</a>')
      assert.equal(await read2(Buffer.from('<a>\x80</a>', 'latin1'), 'windows-1252'), '<a>€</a>')
      const declared = '<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>'
      assert.equal(await read2(Buffer.from(declared, 'latin1')), declared)
      assert.equal(
        await read2(Buffer.from(declared), 'utf-8'),
        declared,
        'the charset wins over the declaration',
      )
      assert.equal(
        await read2(Buffer.from('<?xml version="1.0" encoding="utf-16"?><a/>')),
        '<?xml version="1.0" encoding="utf-16"?><a/>',
      )
    })
  }

  it('passes what is too short to tell', async () => {
    for (const text of ['', '<', '<a', '<?x', '<?xml']) assert.equal(await read(Buffer.from(text)), text)
  })

  it('refuses encodings that it does not know and bytes that are not in theirs', async () => {
    await assert.rejects(read(Buffer.from('<a/>'), 'ebcdic-cp-us'), { code: 'malformed-body' })
    await assert.rejects(read(Buffer.from('<?xml version="1.0" encoding="utf-7"?><a/>')), {
      code: 'malformed-body',
    })
    await assert.rejects(read(Buffer.from([0xff, 0xfe, 0x3c, 0x00, 0x00, 0xd8, 0x3e, 0x00])), {
      code: 'malformed-body',
    })
    await assert.rejects(
      read(Buffer.from([0xff, 0xfe, 0x3c])),
      { code: 'malformed-body' },
      'half a character',
    )
  })
})
