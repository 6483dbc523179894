import assert from 'node:assert/strict'
import { envelope, inNamespace, readEnvelope } from './support/envelopes.ts'

const MEGA = 1024 * 1024
const many = (text: string, times: number) => text.repeat(times)

describe('An envelope that costs too much', () => {
  const attacks: { what: string; body: string; limit?: string; code?: string }[] = [
    { what: '200,000 nested elements', body: many('<a>', 200_000), limit: 'depth' },
    {
      what: '20,000 nested elements with prefixes',
      body: many('<x:a xmlns:x="urn:x">', 20_000),
      limit: 'depth',
    },
    { what: '100,000 siblings', body: inNamespace('GetJob', many('<a/>', 100_000)), limit: 'elements' },
    { what: '50 MB of text', body: `<a>${many('x', 50 * MEGA)}</a>`, limit: 'textChars' },
    {
      what: 'a megabyte of text',
      body: `<a>${many('x', MEGA - 1_000)}</a>`,
      limit: 'textChars',
    },
    {
      what: '500 kB of CDATA',
      body: `<a><![CDATA[${many('<', 500_000)}]]></a>`,
      limit: 'textChars',
    },
    { what: 'text in 100,000 pieces', body: `<a>${many('x<!---->', 100_000)}</a>`, limit: 'elements' },
    {
      what: '10,000 attributes',
      body: `<a ${Array.from({ length: 10_000 }, (_, i) => `a${i}="1"`).join(' ')}/>`,
      limit: 'attributes',
    },
    { what: 'a long attribute', body: `<a b="${many('x', 100_000)}"/>`, limit: 'attributeChars' },
    { what: 'an attribute of nothing but >', body: `<a b="${many('>', 900_000)}"/>`, limit: 'elements' },
    { what: 'text of nothing but >', body: `<a>${many('>', 900_000)}</a>`, limit: 'textChars' },
    {
      what: 'comments of nothing but >',
      body: `<a><!--${many('>', 2 * MEGA)}--></a>`,
      limit: 'envelopeBytes',
    },
    { what: 'a long comment', body: `<a><!--${many('x', 100_000)}--></a>`, limit: 'textChars' },
    { what: 'a long name', body: `<${many('x', 100_000)}/>`, limit: 'nameChars' },
    { what: 'entities that expand', body: '<a>&a;</a>', code: 'malformed-body' },
    {
      what: 'a megabyte of references',
      body: `<a>${many('&#65;', 200_000)}</a>`,
      limit: 'textChars',
    },
    {
      what: 'blanks before the movie',
      body: inNamespace('A', `<Content>${many(' ', 2 * MEGA)}`),
      limit: 'envelopeBytes',
    },
    {
      what: 'a movie of blanks',
      body: inNamespace('A', `<Content>AAAA${many(' ', 2 * MEGA)}`),
      code: 'too-large',
    },
  ]
  for (const { what, body, limit, code } of attacks) {
    it(`by ${what} is refused at once, with the limit's name`, async () => {
      const bytes = Buffer.from(envelope(body))
      const before = process.cpuUsage()
      await assert.rejects(
        readEnvelope(bytes, { chunkBytes: 65_536 }),
        (error: { code: string; message: string; facts: { limit?: string } }) => {
          assert.equal(error.code, code ?? 'too-large', error.message)
          if (limit !== undefined) assert.equal(error.facts.limit, limit, error.message)
          return true
        },
      )
      // CPU and not wall time: a busy machine is no reason to fail.
      const { user, system } = process.cpuUsage(before)
      assert.ok(user + system < 1_000_000, `took ${(user + system) / 1000} ms of CPU`)
    })
  }

  it('by text that goes on is refused while it comes, and not when the envelope has become too long', async () => {
    const limits = { textChars: 1_000, attributeChars: 1_000 }
    for (const [begin, limit] of [
      ['<a>', 'textChars'],
      ['<a b="', 'attributeChars'],
      ['<a><![CDATA[', 'textChars'],
    ] as const) {
      let asked = 0
      const endless = async function* () {
        yield Buffer.from(envelope(begin).split('</s:Body>')[0] ?? '')
        for (;;) {
          asked++
          yield Buffer.alloc(600, 'x')
        }
      }
      await assert.rejects(readEnvelope(endless(), { limits }), {
        code: 'too-large',
        facts: { limit, most: 1_000 },
      })
      assert.equal(asked, 2, begin)
    }
  })

  it('by a DOCTYPE or a processing instruction is refused', async () => {
    const bomb = '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY a "&lol;&lol;">]>'
    for (const text of [
      `${bomb}${envelope('<a>&a;</a>').slice(39)}`,
      `<!DOCTYPE a SYSTEM "file:///etc/passwd">${envelope('<a/>').slice(39)}`,
      `<?php echo 1 ?>${envelope('<a/>').slice(39)}`,
      envelope('<a><?xml-stylesheet href="x"?></a>'),
    ])
      for (const chunkBytes of [10_000, 1])
        await assert.rejects(readEnvelope(text, { chunkBytes }), { code: 'malformed-body' }, text)
  })

  it('by one more than a configured limit is refused, and one less is not', async () => {
    const nested = (levels: number) => envelope(`${many('<a>', levels)}${many('</a>', levels)}`)
    await readEnvelope(nested(5), { limits: { depth: 7 } })
    await assert.rejects(readEnvelope(nested(6), { limits: { depth: 7 } }), { code: 'too-large' })
    const siblings = (count: number) => envelope(`<a>${many('<b/>', count)}</a>`)
    await readEnvelope(siblings(7), { limits: { elements: 10 } })
    await assert.rejects(readEnvelope(siblings(8), { limits: { elements: 10 } }), { code: 'too-large' })
    const attributes = (count: number) =>
      envelope(`<a ${Array.from({ length: count }, (_, i) => `a${i}=""`).join(' ')}/>`)
    await readEnvelope(attributes(4), { limits: { attributes: 4 } })
    await assert.rejects(readEnvelope(attributes(5), { limits: { attributes: 4 } }), { code: 'too-large' })
    const text = envelope('<a>12345</a>')
    await readEnvelope(text, { limits: { textChars: 5 } })
    await assert.rejects(readEnvelope(text, { limits: { textChars: 4 } }), { code: 'too-large' })
    await readEnvelope(text, { limits: { envelopeBytes: text.length } })
    await assert.rejects(readEnvelope(text, { limits: { envelopeBytes: text.length - 1 } }), {
      code: 'too-large',
    })
  })

  it('leaves the prototype of every object alone', async () => {
    for (const name of ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString'])
      await readEnvelope(
        envelope(`<${name} ${name}="1" xmlns:${name}="urn:x"><${name}>polluted</${name}></${name}>`),
      )
    assert.equal(Object.keys(Object.prototype).length, 0)
    assert.equal(({} as Record<string, unknown>).polluted, undefined)
  })
})
