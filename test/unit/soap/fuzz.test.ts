import assert from 'node:assert/strict'
import { ReelmillError } from '#shared/errors.ts'
import { Base64Decoder } from '../../../services/frontend/soap/envelope/base64-decoder.ts'
import { MultipartReader } from '../../../services/frontend/soap/wire/multipart-reader.ts'
import { toUtf8 } from '../../../services/frontend/soap/wire/transcode.ts'
import { collect, cutAt, utf16be } from './support/bytes.ts'
import { envelope, outline, readEnvelope } from './support/envelopes.ts'
import { Random } from './support/random.ts'

// FUZZ_SEED=<what a failure names> runs the same cases again. FUZZ_TIMES=10 runs ten times as many.
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000)
const TIMES = Number(process.env.FUZZ_TIMES ?? 1)
/** Cases of the whole suite; the test at the end counts them. */
const LEAST_CASES = 50_000 * TIMES
const MOST_MS = 1_000
let cases = 0

/** What came of a case: a text that is equal for equal outcomes. Anything but a refusal of ours is a crash. */
async function verdict(work: () => Promise<string>): Promise<string> {
  cases++
  const started = performance.now()
  try {
    return `ok ${await work()}`
  } catch (error) {
    if (!(error instanceof ReelmillError)) throw error
    assert.ok(
      [
        'malformed-body',
        'invalid-request',
        'too-large',
        'soap-version-mismatch',
        'unsupported-media-type',
      ].includes(error.code),
      error.code,
    )
    return `refused ${error.code}`
  } finally {
    assert.ok(performance.now() - started < MOST_MS, 'it took more than a second')
  }
}

function each(count: number, check: (random: Random) => Promise<void>): () => Promise<void> {
  return async () => {
    for (let i = 0; i < count * TIMES; i++) {
      try {
        await check(new Random(SEED + i * 7_919))
      } catch (error) {
        throw new Error(`case ${i} of FUZZ_SEED=${SEED}`, { cause: error })
      }
    }
  }
}

const XML = [
  '<',
  '>',
  '</',
  '/>',
  '<a>',
  '</a>',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '&',
  '&#13;',
  '&lt;',
  '&#x0;',
  '"',
  "'",
  '=',
  '<?x?>',
  '<!DOCTYPE a>',
  ' xmlns="urn:x"',
  ' x:y="1"',
  '<Content>',
  '</Content>',
  'AAAA',
  '==',
  '\0',
  '\ufeff',
  '\u00e9',
  '</s:Body>',
  '<s:Body>',
  '<Include xmlns="http://www.w3.org/2004/08/xop/include" href="cid:1"/>',
  '__proto__',
]

/** A well-formed envelope, and how it reads. */
function anEnvelope(random: Random): { xml: string; tree: string; content: Buffer | undefined } {
  const word = () => random.pick(['a', 'Bc', 'Name', 'x-1', '_', 'é', '__proto__', 'Key'])
  const text = (): [string, string] =>
    random.pick<[string, string]>([
      ['', ''],
      ['x', 'x'],
      ['&lt;&gt;&amp;', '<>&'],
      ['<![CDATA[<a>&]]>', '<a>&'],
      ['&#x1F600;', '😀'],
      ['a>b', 'a>b'],
      ['ü', 'ü'],
      ['&#65;<!-- > -->', 'A'],
    ])
  const tree = (depth: number): [string, string] => {
    const name = word()
    const attributes = random.pick(['', ' q="&lt;>"', " r='\"'", ' xml:lang="en"', ' '])
    const children = depth > 4 ? [] : random.many(3, () => tree(depth + 1))
    if (children.length > 0)
      return [
        `<${name}${attributes}>${children.map(([xml]) => xml).join(random.pick(['', '\n', '<!---->']))}</${name}>`,
        `${name}(${children.map(([, read]) => read).join(',')})`,
      ]
    const [written, read] = text()
    return written === '' && random.below(2) === 0
      ? [`<${name}${attributes}/>`, name]
      : [`<${name}${attributes}>${written}</${name} >`, `${name}${read}`]
  }
  const children = random.many(4, () => tree(2))
  let content: Buffer | undefined
  if (random.below(2) === 0) {
    content = random.bytes(1 + random.below(40))
    const lines = content
      .toString('base64')
      .replaceAll(/(.{9})/g, `$1${random.pick(['', '\r\n', '&#xD;\n', ' ', '&#10;'])}`)
    children.push([`<Content>${random.pick(['', '\n ', '&#13;'])}${lines}</Content>`, 'Content'])
  }
  const inner = children.map(([, read]) => read).join(',')
  return {
    xml: envelope(`<Op>${children.map(([xml]) => xml).join('')}</Op>`),
    tree: `Op${inner === '' ? '' : `(${inner})`}`,
    content,
  }
}

const reading = (source: AsyncIterable<Uint8Array>, charset?: string) =>
  verdict(async () => {
    const { head, content } = await readEnvelope(toUtf8(source, charset))
    return `${outline(head.operation)} ${content?.toString('hex')}`
  })

describe('Under random input', function () {
  this.timeout(120_000 * TIMES)

  it(
    'every envelope of the grammar reads as it was made, in any encoding and any pieces',
    each(8_000, async (random) => {
      const { xml, tree, content } = anEnvelope(random)
      const [bytes, charset] = random.pick<() => [Buffer, string | undefined]>([
        () => [Buffer.from(xml), undefined],
        () => [Buffer.from(`\ufeff${xml}`), 'utf-8'],
        () => [Buffer.from(`\ufeff${xml}`, 'utf16le'), undefined],
        () => [utf16be(`\ufeff${xml}`), 'utf-16'],
      ])()
      assert.equal(
        await reading(cutAt(bytes, random.cuts(bytes.length)), charset),
        `ok ${tree} ${content?.toString('hex')}`,
        xml,
      )
    }),
  )

  it(
    'a damaged envelope has the same verdict however it is cut and encoded',
    each(8_000, async (random) => {
      const bytes = random.mutate(Buffer.from(anEnvelope(random).xml), XML)
      const whole = await reading(cutAt(bytes, []))
      assert.equal(await reading(cutAt(bytes, random.cuts(bytes.length))), whole, bytes.toString('latin1'))
    }),
  )

  it(
    'bytes that are no envelope are refused',
    each(4_000, async (random) => {
      const bytes = random.bytes(random.below(200))
      assert.match(await reading(cutAt(bytes, random.cuts(bytes.length))), /^refused/)
    }),
  )

  it(
    'a multipart message is what it was made of, or has the same verdict however it is cut',
    each(8_000, async (random) => {
      const boundary = random.pick(['b', '--', '=_x/+', 'uuid:1+id=1', '\u00e9'])
      const bodies = [0, ...random.many(3, () => 0)].map(() =>
        Buffer.from(
          random
            .many(8, () =>
              random.pick(['\r', '\n', '\r\n', '-', '\r\n-', 'x', '\0', '\r\r\n', '\r\n\r\n', '--']),
            )
            .join(''),
        ),
      )
      const message = Buffer.concat([
        ...bodies.flatMap((body, i) => [
          Buffer.from(`--${boundary}\r\nContent-ID: <${i}>\r\n\r\n`, 'latin1'),
          body,
          Buffer.from('\r\n'),
        ]),
        Buffer.from(`--${boundary}--`, 'latin1'),
      ])
      const split = (source: AsyncIterable<Uint8Array>) =>
        verdict(async () => {
          const reader = new MultipartReader(source, boundary, { parts: 8, partHeaderBytes: 1_000 })
          const parts: string[] = []
          for (;;) {
            const part = await reader.next()
            if (!part) return parts.join()
            parts.push((await collect(part.body)).toString('hex'))
          }
        })
      // A body that holds the delimiter would end there, as it should.
      if (!bodies.some((body) => `\r\n${body}`.includes('\r\n--')))
        assert.equal(
          await split(cutAt(message, random.cuts(message.length))),
          `ok ${bodies.map((body) => body.toString('hex')).join()}`,
        )
      const damaged = random.mutate(message, [
        '\r\n',
        `--${boundary}`,
        `\r\n--${boundary}`,
        '--',
        '\r',
        ':',
        '\n\n',
      ])
      assert.equal(
        await split(cutAt(damaged, random.cuts(damaged.length))),
        await split(cutAt(damaged, [])),
        damaged.toString('latin1'),
      )
    }),
  )

  it(
    'base64 is accepted exactly when it is base64',
    each(12_000, async (random) => {
      const valid = random.bytes(random.below(20)).toString('base64')
      const text =
        random.below(2) === 0
          ? valid
          : random
              .mutate(Buffer.from(valid), [
                '=',
                '==',
                ' ',
                '\r\n',
                'A',
                '-',
                'é',
                '&#13;',
                '&#61;',
                '&amp;',
                '\f',
              ])
              .toString('latin1')
      const plain = text
        .replaceAll('&#13;', '\r')
        .replaceAll('&#61;', '=')
        .replaceAll(/[ \t\r\n]/g, '')
      const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(plain)
      const expected = isBase64
        ? `ok ${Buffer.from(plain, 'base64').toString('hex')}`
        : 'refused invalid-request'
      const found = await verdict(async () => {
        const decoder = new Base64Decoder('Content')
        const decoded: Uint8Array[] = []
        for await (const piece of cutAt(Buffer.from(text, 'latin1'), random.cuts(text.length)))
          decoded.push(...decoder.write(Buffer.from(piece)))
        decoder.end()
        return Buffer.concat(decoded).toString('hex')
      })
      assert.equal(found, expected, JSON.stringify(text))
    }),
  )

  it('at least 50,000 cases were tried', () => {
    assert.ok(cases >= LEAST_CASES, `${cases} cases`)
    assert.equal(Object.keys(Object.prototype).length, 0)
  })
})
