import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { MultipartReader } from '../../../services/frontend/soap/wire/multipart-reader.ts'
import { collect, cutAt, inChunksOf } from './support/bytes.ts'

const limits = { parts: 8, partHeaderBytes: 8_192 }

interface PlainPart {
  id: string | undefined
  body: Buffer
}

async function split(source: AsyncIterable<Uint8Array>, boundary?: string): Promise<PlainPart[]> {
  const reader = new MultipartReader(source, boundary, limits)
  const parts: PlainPart[] = []
  for (;;) {
    const part = await reader.next()
    if (!part) return parts
    parts.push({ id: part.contentId, body: await collect(part.body) })
  }
}

function message(boundary: string, parts: readonly PlainPart[]): Buffer {
  return Buffer.concat([
    ...parts.flatMap(({ id, body }) => [
      Buffer.from(
        `--${boundary}\r\nContent-Type: application/octet-stream\r\n${id === undefined ? '' : `Content-Id: <${id}>\r\n`}\r\n`,
      ),
      body,
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${boundary}--\r\n`),
  ])
}

/** As Node's HTTP parser hands out what has arrived. */
async function* inOwnMemory(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) yield Buffer.from(new Uint8Array(chunk).buffer)
}

describe('A multipart message', () => {
  const boundary = '==Q7pdE+/x=='
  const tricky = [
    Buffer.alloc(0),
    Buffer.from('\r\n'),
    Buffer.from('\r\n--'),
    Buffer.from(`\r\r\n--${boundary.slice(0, -1)}`),
    Buffer.from(`--${boundary}`.slice(1)),
    Buffer.from('\r\n--==Q\r\n--==Q7pdE\r'),
    randomBytes(100),
  ]

  it('is split alike whole, byte by byte and cut at any byte', async () => {
    for (const body of tricky) {
      const parts = [
        { id: 'root@reelmill', body: Buffer.from('<Envelope/>') },
        { id: undefined, body },
      ]
      const bytes = message(boundary, parts)
      assert.deepEqual(await split(inChunksOf(bytes, bytes.length), boundary), parts)
      assert.deepEqual(await split(inChunksOf(bytes, 1), boundary), parts)
      for (let cut = 1; cut < bytes.length; cut++)
        assert.deepEqual(await split(cutAt(bytes, [cut]), boundary), parts, `cut at ${cut}`)
    }
  })

  it('is split alike when its reader frees each piece that is all of its memory', async () => {
    for (const body of [randomBytes(1_000), ...tricky]) {
      const parts = [{ id: undefined, body }]
      const bytes = message(boundary, parts)
      for (const size of [1, 7, 64, bytes.length]) {
        const reader = new MultipartReader(inOwnMemory(inChunksOf(bytes, size)), boundary, limits)
        const part = await reader.next()
        assert.ok(part)
        const read: number[] = []
        for await (const piece of part.body) {
          read.push(...piece)
          const { buffer, byteLength } = piece
          if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
        }
        assert.deepEqual(Buffer.from(read), body)
        assert.equal(await reader.next(), undefined)
      }
    }
  })

  it('may have a preamble, an epilogue, folded headers and line feeds alone in headers', async () => {
    const bytes = Buffer.from(
      'This is MIME.\r\n--b \t\r\nContent-Type: application/xop+xml;\r\n\ttype="text/xml"\nContent-ID:<a>\n\nx\r\n--b--  \r\nbye',
    )
    for (const size of [1, 1_000]) {
      const reader = new MultipartReader(inChunksOf(bytes, size), 'b', limits)
      const part = await reader.next()
      assert.equal(part?.headers.get('content-type'), 'application/xop+xml; type="text/xml"')
      assert.equal(part?.contentId, 'a')
      assert.equal((await collect(part.body)).toString(), 'x')
      assert.equal(await reader.next(), undefined)
      assert.equal(await reader.next(), undefined)
    }
  })

  it("names its boundary in the body when Mono's WCF sends it", async () => {
    const parts = [{ id: 'r', body: Buffer.from('<a/>') }]
    const head =
      'MIME-Version: 1.0\r\nContent-Type: multipart/related; type="application/xop+xml";boundary="uuid:0ca0+id=1";start="<r>"\r\n\r\n'
    for (const bytes of [
      Buffer.concat([Buffer.from(head), message('uuid:0ca0+id=1', parts)]),
      message('uuid:0ca0+id=1', parts),
    ])
      for (const size of [1, 1_000]) assert.deepEqual(await split(inChunksOf(bytes, size)), parts)
  })

  it('is refused when it is cut anywhere before its end', async () => {
    const bytes = message('b', [
      { id: 'r', body: Buffer.from('<a/>') },
      { id: 'm', body: Buffer.from('movie') },
    ])
    for (let length = 0; length < bytes.length - '\r\n'.length; length++)
      await assert.rejects(
        split(inChunksOf(bytes.subarray(0, length), 1_000), 'b'),
        { code: 'malformed-body' },
        `${length} bytes`,
      )
  })

  it('is refused when it is not one', async () => {
    for (const [text, boundary] of [
      ['hello', 'b'],
      ['hello', undefined],
      ['Content-Type: text/plain\r\n\r\n--b', undefined],
      ['--b\r\nno header\r\n\r\nx\r\n--b--', 'b'],
      ['--b\r\nContent-ID: a\r\nContent-Id: b\r\n\r\nx\r\n--b--', 'b'],
      ['--b\r\nA: b\r\n\r\nx\r\n--bc', 'b'],
      ['--b\r\n\r\nx\r\n--b--', ''],
      ['--b\r\n\r\nx\r\n--b--', 'x'.repeat(300)],
      [`--b\r\n\r\nx\r\n--b--${'x'.repeat(10_000)}\r\n${'x'.repeat(10_000)}`, 'b'],
      [`${'x'.repeat(10_000)}\r\n--b\r\n\r\nx\r\n--b--`, 'b'],
    ] as const)
      await assert.rejects(
        split(inChunksOf(Buffer.from(text), 4_096), boundary),
        (error: { code: string }) => ['malformed-body', 'unsupported-media-type'].includes(error.code),
        text.slice(0, 80),
      )
  })

  it('is refused past its limits', async () => {
    const many = message(
      'b',
      Array.from({ length: 9 }, () => ({ id: undefined, body: Buffer.from('x') })),
    )
    await assert.rejects(split(inChunksOf(many, 1_000), 'b'), {
      code: 'too-large',
      facts: { limit: 'parts', most: 8 },
    })
    for (const headers of [`A: ${'x'.repeat(9_000)}`, 'A: b\r\n c\r\n'.repeat(1_000), 'x'.repeat(9_000)])
      for (const size of [100, 100_000])
        await assert.rejects(
          split(inChunksOf(Buffer.from(`--b\r\n${headers}\r\n\r\nx\r\n--b--`), size), 'b'),
          { code: 'too-large' },
        )
  })

  it('carries any bytes through any cuts', async () => {
    const piece = fc.oneof(
      fc.constantFrom('\r', '\n', '\r\n', '-', '--', '\r\n--', '\r\n--b', 'b', '\r\n--bou', '\r\n--boundarx'),
      fc.string({ maxLength: 5 }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(piece, { maxLength: 12 }), { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(300), { maxLength: 6 }),
        async (bodies, cuts) => {
          const parts = bodies.map((pieces) => ({ id: undefined, body: Buffer.from(pieces.join('')) }))
          const bytes = message('boundary', parts)
          const sorted = cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b)
          assert.deepEqual(await split(cutAt(bytes, sorted), 'boundary'), parts)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
