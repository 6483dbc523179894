import assert from 'node:assert/strict'
import { cutAt } from './support/bytes.ts'
import { envelope, inNamespace, outline, readEnvelope } from './support/envelopes.ts'

const upload = (content: string) =>
  envelope(inNamespace('UploadMovie', `<FileName>a &amp; b.mov</FileName>${content}`))

describe('An envelope', () => {
  const documents: {
    what: string
    text: string
    tree: string
    content?: string | undefined
    kind?: string
  }[] = [
    {
      what: 'without a movie',
      text: envelope(inNamespace('GetJob', '<JobId>job_1</JobId>')),
      tree: 'GetJob(JobIdjob_1)',
    },
    {
      what: 'with entities, references, CDATA and comments',
      text: envelope(
        inNamespace(
          'GetJob',
          '<!-- > <b> --><JobId a="x>y" b=\'>\'>&lt;&#65;&#x1F600;<![CDATA[<c>]]>&gt;é</JobId >',
        ),
      ),
      tree: 'GetJob(JobId<A😀<c>>é)',
    },
    {
      what: 'with a movie in base64',
      text: upload('<Content>\r\n AQID&#13;\n BA== </Content >'),
      tree: 'UploadMovie(FileNamea & b.mov,Content)',
      content: '01020304',
      kind: 'inline',
    },
    {
      what: 'with an empty movie',
      text: upload('<Content> \n</Content>'),
      tree: 'UploadMovie(FileNamea & b.mov,Content)',
      kind: 'empty',
    },
    {
      what: 'with a self-closed movie',
      text: upload('<Content />'),
      tree: 'UploadMovie(FileNamea & b.mov,Content)',
      kind: 'empty',
    },
    {
      what: 'with a movie in a part',
      text: upload(
        '<Content> <x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:a%40b"/> </Content>',
      ),
      tree: 'UploadMovie(FileNamea & b.mov,Content(Include))',
      kind: 'part',
    },
  ]

  for (const { what, text, tree, content, kind } of documents) {
    it(`${what} is read alike whole, byte by byte and cut at any byte`, async () => {
      const bytes = Buffer.from(text)
      const check = async (read: ReturnType<typeof readEnvelope>, how: string) => {
        const { head, content: movie } = await read
        assert.equal(outline(head.operation), tree, how)
        assert.equal(head.content?.kind, kind, how)
        assert.equal(movie?.toString('hex'), content, how)
        if (head.content?.kind === 'part') assert.equal(head.content.href, 'cid:a%40b')
      }
      await check(readEnvelope(bytes), 'whole')
      await check(readEnvelope(bytes, { chunkBytes: 1 }), 'byte by byte')
      for (let cut = 1; cut < bytes.length; cut++)
        await check(readEnvelope(cutAt(bytes, [cut])), `cut at ${cut}`)
    })
  }

  it('shows its header before any byte of the Body is looked at', async () => {
    const text = envelope('<not xml', { header: '<Token xmlns="urn:t" p="1">secret</Token>' })
    let asked = 0
    const refused = new Error('who are you?')
    await assert.rejects(
      readEnvelope(text, {
        onBody: async () => {
          asked++
          throw refused
        },
      }),
      refused,
    )
    assert.equal(asked, 1)
    const { header } = await readEnvelope(
      envelope('<a/>', { header: '<Token xmlns="urn:t" xmlns:x="urn:x" x:p="1">s</Token>' }),
      { chunkBytes: 1 },
    )
    assert.equal(header[0]?.namespace, 'urn:t')
    assert.equal(header[0]?.attributes.get('{urn:x}p'), '1')
  })

  it('has the version of its namespace', async () => {
    assert.equal((await readEnvelope(envelope('<a/>'))).head.version, '1.1')
    assert.equal((await readEnvelope(envelope('<a/>', { version: '1.2' }))).head.version, '1.2')
    await assert.rejects(readEnvelope('<Envelope xmlns="urn:soap13"/>'), {
      code: 'soap-version-mismatch',
      facts: { fault: 'VersionMismatch' },
    })
  })

  it('is refused when it is not one', async () => {
    const body = inNamespace('GetJob', '<JobId>1</JobId>')
    const s = 'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    for (const text of [
      '',
      'GetJob',
      '{}',
      '<a/>',
      `<s:Envelope ${s}/>`,
      `<s:Envelope ${s}><s:Body/></s:Envelope>`,
      `<s:Envelope ${s}><s:Header/></s:Envelope>`,
      `<s:Envelope ${s}><s:Body>text${body}</s:Body></s:Envelope>`,
      `<s:Envelope ${s}>text<s:Body>${body}</s:Body></s:Envelope>`,
      `<s:Envelope ${s}><Body>${body}</Body></s:Envelope>`,
      `<s:Envelope ${s}><s:Body>${body}${body}</s:Body></s:Envelope>`,
      `<s:Envelope ${s}><s:Body>${body}</s:Body><s:Body>${body}</s:Body></s:Envelope>`,
      `<s:Envelope ${s}><s:Body>${body}</s:Body><s:Header/></s:Envelope>`,
      `<s:Envelope ${s}><s:Header/><s:Header/><s:Body>${body}</s:Body></s:Envelope>`,
      envelope(body).slice(0, -1),
      `${envelope(body)}<a/>`,
      `${envelope(body)}trailing`,
      envelope('<x:a/>'),
      envelope('<a>&unknown;</a>'),
      envelope('<a b="1" b="2"/>'),
      envelope('<a>\u0000</a>'),
      envelope('<a>\ufffe</a>'),
      envelope('<a>&#0;</a>'),
      envelope('<a>]]></a>'),
      Buffer.from(envelope('<a>\xff</a>'), 'latin1'),
      Buffer.from([...Buffer.from('<a>'), 0xc3]),
    ]) {
      const bytes = Buffer.from(text as string)
      for (const chunkBytes of [bytes.length || 1, 1])
        await assert.rejects(readEnvelope(bytes, { chunkBytes }), { code: 'malformed-body' }, String(text))
    }
  })

  it('is refused with a movie that is not plain base64 or not last', async () => {
    const include = '<Include xmlns="http://www.w3.org/2004/08/xop/include" href="cid:1"/>'
    for (const [content, code] of [
      ['<Content><![CDATA[AAAA]]></Content>', 'invalid-request'],
      ['<Content>AAAA<![CDATA[AAAA]]></Content>', 'invalid-request'],
      ['<Content>AAAA<!-- c -->AAAA</Content>', 'invalid-request'],
      ['<Content><!-- c -->AAAA</Content>', 'invalid-request'],
      ['<Content><b>AAAA</b></Content>', 'invalid-request'],
      ['<Content>AAAA<b/></Content>', 'invalid-request'],
      [`<Content>AAAA${include}</Content>`, 'malformed-body'],
      [`<Content>${include}AAAA</Content>`, 'invalid-request'],
      [`<Content>${include}${include}</Content>`, 'invalid-request'],
      ['<Content><Include href="cid:1"/></Content>', 'invalid-request'],
      ['<Content><Include xmlns="http://www.w3.org/2004/08/xop/include"/></Content>', 'malformed-body'],
      ['<Content>AA==AA==</Content>', 'invalid-request'],
      ['<Content>AAA</Content>', 'invalid-request'],
      ['<Content>&lt;b></Content>', 'invalid-request'],
      ['<Content>AAAA</Content><Sha256>1</Sha256>', 'invalid-request'],
      ['<Content>AAAA</Content><Content>AAAA</Content>', 'invalid-request'],
      ['<Content>AAAA</b>', 'malformed-body'],
      ['<Content/><Content/>', 'invalid-request'],
    ] as const)
      for (const chunkBytes of [10_000, 1])
        await assert.rejects(readEnvelope(upload(content), { chunkBytes }), { code }, content)
    for (const cut of ['', 'AAA', 'AAAA', 'AAAA<', 'AAAA</Content>'])
      await assert.rejects(
        readEnvelope(upload(`<Content>${cut}~`).split('~')[0] ?? ''),
        { code: 'malformed-body' },
        cut,
      )
  })

  it('lets a deep element named as the movie be what it is', async () => {
    const { head } = await readEnvelope(envelope(inNamespace('GetJob', '<A><Content>text</Content></A>')))
    assert.equal(outline(head.operation), 'GetJob(A(Contenttext))')
    assert.equal(head.content, undefined)
  })
})
