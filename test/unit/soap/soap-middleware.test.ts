import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { basicAuthorization } from '../../../scripts/stack/basic-authorization.ts'
import { envelope, inNamespace } from './support/envelopes.ts'
import { basic, KEY, readKey, startSoapServer, textOf } from './support/soap-server.ts'

const getJob = inNamespace('GetJob', '<JobId>job_1</JobId>')
const uploadMovie = (content: string) =>
  inNamespace(
    'UploadMovie',
    `<FileName>a.mov</FileName><Presets><String>web-720p</String></Presets><Content>${content}</Content>`,
  )
const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'
const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'
const PROFILE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0'
const token = (inner: string) =>
  `<w:Security xmlns:w="${WSSE}" xmlns:u="${WSU}" s:mustUnderstand="1"><w:UsernameToken>${inner}</w:UsernameToken></w:Security>`
const noHttp = { authorization: '' }

function digestToken(user: string, secret: string, created: string, nonce = randomBytes(16)): string {
  const digest = createHash('sha1').update(nonce).update(created).update(secret).digest('base64')
  return token(
    `<w:Username>${user}</w:Username><w:Password Type="${PROFILE}#PasswordDigest">${digest}</w:Password><w:Nonce EncodingType="x">${nonce.toString('base64')}</w:Nonce><u:Created>${created}</u:Created>`,
  )
}

describe('The SOAP endpoint', () => {
  it('answers a call in the version of its envelope, whatever its action says', async () => {
    await using server = await startSoapServer()
    for (const [version, contentType] of [
      ['1.1', 'text/xml; charset=utf-8'],
      ['1.2', 'application/soap+xml; charset=utf-8'],
    ] as const)
      for (const action of ['""', '', 'urn:reelmill:v1/DeleteJob', '"urn:reelmill:v1/GetJob"']) {
        const answer = await server.post(envelope(getJob, { version }), {
          'content-type': contentType,
          soapaction: action,
        })
        assert.equal(answer.status, 200, answer.text)
        assert.equal(answer.headers.get('content-type'), contentType)
        assert.ok(
          answer.text.includes(
            version === '1.1'
              ? 'http://schemas.xmlsoap.org/soap/envelope/'
              : 'http://www.w3.org/2003/05/soap-envelope',
          ),
        )
        assert.equal(textOf(answer.text, 'Id'), 'job_1')
        assert.equal(textOf(answer.text, 'Revision'), '3')
        assert.ok(!answer.text.includes('Header'))
      }
    assert.deepEqual(server.calls[0], {
      name: 'GetJob',
      request: { jobId: 'job_1' },
      tenant: 'acme',
      content: Buffer.alloc(0),
    })
  })

  it('streams a movie out of the envelope', async () => {
    await using server = await startSoapServer()
    const movie = randomBytes(300_000)
    const answer = await server.post(
      envelope(uploadMovie(movie.toString('base64').replaceAll(/(.{76})/g, '$1&#xD;\n'))),
    )
    assert.equal(answer.status, 200, answer.text)
    const call = server.only()
    assert.deepEqual(call.request, { fileName: 'a.mov', presets: ['web-720p'] })
    assert.ok(call.content.equals(movie))
  })

  it('fails the movie, not only the call, when the envelope goes wrong behind it', async () => {
    for (const rest of [
      '</Content></UploadMovie></s:Body></s:Envelope',
      '</Content><a/>',
      '<![CDATA[AAAA]]></Content>',
      '*',
      '',
      '</Content></UploadMovie></s:Body></s:Envelope><a/>',
    ]) {
      await using server = await startSoapServer()
      const whole = envelope(uploadMovie('AAAA'.repeat(50_000)))
      const answer = await server.post(whole.slice(0, whole.indexOf('</Content>')) + rest)
      assert.equal(answer.status, 500)
      assert.match(textOf(answer.text, 'Code') ?? '', /malformed-body|invalid-request/)
      assert.ok(server.only().failure)
    }
  })

  it('takes movies by MTOM, and answers MTOM by MTOM', async () => {
    await using server = await startSoapServer()
    const movie = randomBytes(300_000)
    const include = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:movie%40client"/>'
    const mime = (root: string, parts: readonly [string, Buffer][]) =>
      Buffer.concat([
        Buffer.from(
          `--b\r\nContent-Type: application/xop+xml; charset=utf-8; type="text/xml"\r\nContent-ID: <root@client>\r\n\r\n${root}\r\n`,
        ),
        ...parts.flatMap(([id, bytes]) => [
          Buffer.from(`--b\r\nContent-ID: <${id}>\r\nContent-Transfer-Encoding: binary\r\n\r\n`),
          bytes,
          Buffer.from('\r\n'),
        ]),
        Buffer.from('--b--\r\n'),
      ])
    const headers = {
      'content-type':
        'multipart/related; boundary=b; type="application/xop+xml"; start="<root@client>"; start-info="text/xml"',
    }
    const answer = await server.post(mime(envelope(uploadMovie(include)), [['movie@client', movie]]), headers)
    assert.equal(answer.status, 200, answer.text)
    assert.ok(server.only().content.equals(movie))
    assert.match(
      answer.headers.get('content-type') ?? '',
      /^multipart\/related; type="application\/xop\+xml"; boundary="[^"]+"; start="<[^"]+>"; start-info="text\/xml"$/,
    )
    assert.equal(textOf(answer.text, 'Id'), 'job_1')

    const inline = await server.post(mime(envelope(uploadMovie('AAAA')), []), headers)
    assert.equal(inline.status, 200, 'base64 inside MTOM')
    const plain = await server.post(mime(envelope(getJob), []), headers)
    assert.equal(plain.status, 200, 'no movie at all')

    const before = server.calls.length
    const code = async (root: string, parts: readonly [string, Buffer][], more = {}) =>
      textOf((await server.post(mime(root, parts), { ...headers, ...more })).text, 'Code')
    assert.equal(await code(envelope(uploadMovie(include)), []), 'malformed-body', 'missing part')
    assert.equal(
      await code(envelope(uploadMovie(include)), [['other', movie]]),
      'malformed-body',
      'another part',
    )
    assert.equal(
      await code(envelope(uploadMovie(include)), [
        ['movie@client', movie],
        ['more', movie],
      ]),
      'malformed-body',
      'one more part',
    )
    assert.equal(
      await code(envelope(uploadMovie('AAAA')), [['more', movie]]),
      'malformed-body',
      'unused part',
    )
    assert.equal(
      await code(envelope(uploadMovie(include + include)), [['movie@client', movie]]),
      'invalid-request',
      'used twice',
    )
    for (const call of server.calls.slice(before)) assert.ok(call.failure, 'nothing may be kept of these')
    const after = server.calls.length
    assert.equal(await code(envelope(getJob), [['more', movie]]), 'malformed-body', 'unused part')
    assert.equal(
      await code(envelope(getJob), [], { 'content-type': headers['content-type'].replace('root@', 'toor@') }),
      'malformed-body',
      'the root is not first',
    )
    assert.equal(server.calls.length, after, 'these never ran')
    assert.equal(
      textOf((await server.post(envelope(uploadMovie(include)))).text, 'Code'),
      'malformed-body',
      'an Include outside MTOM',
    )
  })

  it('sends files as base64, or as MTOM to MTOM, with their length', async () => {
    await using server = await startSoapServer()
    const fetchFile = envelope(inNamespace('FetchFile', '<JobId>j</JobId><Output>o</Output><Path>p</Path>'))
    const inline = await server.post(fetchFile)
    assert.equal(textOf(inline.text, 'Content'), Buffer.from('movie!').toString('base64'))
    assert.equal(Number(inline.headers.get('content-length')), inline.text.length)
    const mtom = await server.post(`--b\r\nContent-Type: application/xop+xml\r\n\r\n${fetchFile}\r\n--b--`, {
      'content-type': 'multipart/related; boundary="b"',
    })
    const boundary = /boundary="([^"]+)"/.exec(mtom.headers.get('content-type') ?? '')?.[1]
    const [, root, part, end] = mtom.text.split(`--${boundary}`)
    assert.ok(root?.includes('href="cid:content%40reelmill"'))
    assert.ok(part?.endsWith('\r\n\r\nmovie!\r\n'))
    assert.equal(end, '--\r\n')
    assert.equal(Number(mtom.headers.get('content-length')), mtom.text.length)
  })

  it('asks for Basic when there is nothing, and after the movie that some clients send first', async () => {
    await using server = await startSoapServer()
    for (const body of [envelope(getJob), envelope(uploadMovie('AAAA'.repeat(300_000)))]) {
      const answer = await server.post(body, noHttp)
      assert.equal(answer.status, 401)
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic realm=/)
      assert.equal(textOf(answer.text, 'Code'), 'unauthenticated')
    }
    const wrong = await server.post(envelope(getJob), { authorization: basicAuthorization('rmk_wrong') })
    assert.equal(wrong.status, 401)
    for (const authorization of ['Basic', 'Basic !', 'Basic YQ==', 'Digest username="a"', 'Negotiate abc'])
      assert.equal((await server.post(envelope(getJob), { authorization })).status, 401, authorization)
    assert.equal(server.calls.length, 0)
    assert.equal((await server.post(envelope(getJob), { authorization: `Bearer ${KEY}` })).status, 200)
  })

  it('takes a UsernameToken as text, typed or not', async () => {
    await using server = await startSoapServer({ users: { legacy: 'a secret' } })
    for (const [header, status] of [
      [
        token(`<w:Username>any</w:Username><w:Password Type="${PROFILE}#PasswordText">${KEY}</w:Password>`),
        200,
      ],
      [token(`<w:Username>any</w:Username><w:Password>${KEY}</w:Password>`), 200],
      [token(`<w:Password>${KEY}</w:Password>`), 200],
      [token('<w:Username>legacy</w:Username><w:Password>a secret</w:Password>'), 200],
      [token('<w:Username>legacy</w:Username><w:Password>another</w:Password>'), 500],
      [token('<w:Username>any</w:Username><w:Password>rmk_wrong</w:Password>'), 500],
      [token('<w:Username>any</w:Username>'), 500],
      [token(`<w:Username>any</w:Username><w:Password Type="urn:other">${KEY}</w:Password>`), 500],
    ] as const) {
      const answer = await server.post(envelope(getJob, { header }), noHttp)
      assert.equal(answer.status, status, header)
      if (status === 500) assert.equal(textOf(answer.text, 'faultcode'), 'wsse:FailedAuthentication')
    }
  })

  it('takes a UsernameToken as digest, once, and only near its time', async () => {
    const now = Date.parse('2026-01-31T12:00:00Z')
    await using server = await startSoapServer({ users: { legacy: 's3cret' }, now: () => now })
    const call = async (header: string) =>
      (
        await server.post(envelope(getJob, { header, version: '1.2' }), {
          ...noHttp,
          'content-type': 'application/soap+xml',
        })
      ).text
    const good = async (header: string) => assert.equal(textOf(await call(header), 'Id'), 'job_1')
    const bad = async (header: string) => {
      const text = await call(header)
      assert.equal(textOf(text, 'Code'), 'unauthenticated', text)
      assert.ok(text.includes('wsse:FailedAuthentication'))
    }
    for (const created of [
      '2026-01-31T12:00:00Z',
      '2026-01-31T13:00:00.123456+01:00',
      '2026-01-31T11:55:00.5Z',
      '2026-01-31T12:05:00+00:00',
    ])
      await good(digestToken('legacy', 's3cret', created))
    for (const created of ['2026-01-31T11:54:59Z', '2026-01-31T12:05:01Z', '2026-01-31T12:00:00', 'now', ''])
      await bad(digestToken('legacy', 's3cret', created))
    const nonce = Buffer.from('used twice')
    await bad(digestToken('legacy', 'wrong', '2026-01-31T12:00:00Z', nonce))
    await good(digestToken('legacy', 's3cret', '2026-01-31T12:00:00Z', nonce))
    await bad(digestToken('legacy', 's3cret', '2026-01-31T12:00:01Z', nonce))
    await bad(digestToken('nobody', 's3cret', '2026-01-31T12:00:00Z'))
    await bad(digestToken('nobody', 'nobody has this secret', '2026-01-31T12:00:00Z'))
  })

  it('holds a key to its scopes before it looks at the movie', async () => {
    await using server = await startSoapServer()
    const authorization = basicAuthorization(readKey)
    assert.equal((await server.post(envelope(getJob), { authorization })).status, 200)
    const answer = await server.post(envelope(uploadMovie('AAAA')), { authorization })
    assert.equal(textOf(answer.text, 'Code'), 'forbidden')
    assert.equal(server.calls.length, 1)
  })

  it('understands what it must, and says so of the rest', async () => {
    await using server = await startSoapServer()
    const call = async (header: string, version: '1.1' | '1.2' = '1.1') =>
      (await server.post(envelope(getJob, { header, version }))).text
    for (const value of ['1', 'true', ' 1 ']) {
      const text = await call(`<t:Tx xmlns:t="urn:t" s:mustUnderstand="${value}"/>`)
      assert.equal(textOf(text, 'faultcode'), 'soap:MustUnderstand')
      assert.equal(textOf(text, 'Field'), 'Tx')
      assert.ok(
        (await call(`<t:Tx xmlns:t="urn:t" s:mustUnderstand="${value}"/>`, '1.2')).includes(
          '<soap:Value>soap:MustUnderstand</soap:Value>',
        ),
      )
    }
    for (const header of [
      '<t:Tx xmlns:t="urn:t" s:mustUnderstand="0"/>',
      '<t:Tx xmlns:t="urn:t" mustUnderstand="1"/>',
      '<a:Action xmlns:a="http://www.w3.org/2005/08/addressing" s:mustUnderstand="1">x</a:Action>',
      '<a:To xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" s:mustUnderstand="true">x</a:To>',
    ])
      assert.equal(textOf(await call(header), 'Id'), 'job_1', header)
  })

  it('tells what is wrong in a typed fault, alike in both versions', async () => {
    await using server = await startSoapServer({
      operations: {
        GetJob: async () => {
          throw new Error('secret: at line 5 of /srv/app.ts')
        },
      },
    })
    const ask = (body: string, version: '1.1' | '1.2') => server.post(envelope(body, { version }))
    const v11 = await ask(inNamespace('ListJobs', '<Limit>many</Limit>'), '1.1')
    assert.equal(v11.status, 500)
    assert.equal(textOf(v11.text, 'faultcode'), 'soap:Client')
    assert.equal(textOf(v11.text, 'Code'), 'invalid-request')
    assert.equal(textOf(v11.text, 'Field'), 'Limit')
    assert.equal(textOf(v11.text, 'Retryable'), 'false')
    assert.equal(textOf(v11.text, 'RequestId'), 'req_test')
    assert.equal(textOf(v11.text, 'DocumentationUrl'), `${new URL(server.url).origin}/errors/invalid-request`)
    const v12 = await ask(inNamespace('ListJobs', '<Limit>many</Limit>'), '1.2')
    assert.equal(v12.status, 500)
    assert.match(v12.text, /<soap:Value>soap:Sender<\/soap:Value>.*<soap:Text xml:lang="en">/)
    assert.equal(textOf(v12.text, 'Message'), textOf(v11.text, 'Message'))
    const defect = await ask(getJob, '1.1')
    assert.equal(textOf(defect.text, 'faultcode'), 'soap:Server')
    assert.equal(textOf(defect.text, 'Code'), 'internal')
    assert.ok(!defect.text.includes('secret'))
    assert.ok((await ask(getJob, '1.2')).text.includes('soap:Receiver'))
    const unknown = await ask(inNamespace('Encode', ''), '1.1')
    assert.equal(textOf(unknown.text, 'Code'), 'unknown-operation')
    assert.equal(textOf((await ask('<GetJob xmlns="urn:other"/>', '1.1')).text, 'Code'), 'unknown-operation')
    const mismatch = await server.post('<e:Envelope xmlns:e="urn:soap3"><e:Body/></e:Envelope>')
    assert.equal(textOf(mismatch.text, 'faultcode'), 'soap:VersionMismatch')
  })

  it('refuses other media types, encodings and methods', async () => {
    await using server = await startSoapServer()
    for (const headers of [
      { 'content-type': 'application/json' },
      { 'content-type': 'application/dime' },
      { 'content-encoding': 'gzip' },
    ]) {
      const answer = await server.post(envelope(getJob), headers)
      assert.equal(answer.status, 415)
      assert.equal(textOf(answer.text, 'Code'), 'unsupported-media-type')
    }
    assert.equal((await fetch(server.url, { method: 'PUT' })).headers.get('allow'), 'GET, HEAD, POST')
  })

  it('shows its contract and a page for people', async () => {
    await using server = await startSoapServer()
    for (const query of ['?wsdl', '?WSDL', '?wsdl=1']) {
      const wsdl = await (await fetch(server.url + query)).text()
      assert.ok(wsdl.includes(`<soap12:address location="${server.url}"/>`), query)
    }
    assert.ok(!(await (await fetch(`${server.url}?wsdl11`)).text()).includes('soap12'))
    const page = await fetch(server.url)
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
    assert.ok((await page.text()).includes(`${server.url}?wsdl11`))
  })

  it('gives up on senders that stall, and on those that drip', async () => {
    for (const [limits, body] of [
      [{ stallMs: 100 }, envelope(uploadMovie('AAAA~'))],
      [{ headMs: 100 }, '<s:Envelope~'],
    ] as const) {
      await using server = await startSoapServer({ limits })
      const socket = connect(server.port, '127.0.0.1')
      socket.write(
        `POST /soap HTTP/1.1\r\nHost: h\r\nAuthorization: ${basic}\r\nContent-Type: text/xml\r\nContent-Length: 100000\r\n\r\n${body.split('~')[0]}`,
      )
      const [answer] = (await once(socket, 'data')) as [Buffer]
      assert.equal(textOf(answer.toString(), 'Code'), 'request-timeout')
      socket.destroy()
    }
  })

  it('fails the movie when the client goes away', async () => {
    const failed = Promise.withResolvers<unknown>()
    const began = Promise.withResolvers<void>()
    await using server = await startSoapServer({
      operations: {
        UploadMovie: async ({ content, signal }) => {
          signal.addEventListener('abort', () => failed.resolve(signal.reason))
          for await (const _ of content) began.resolve()
        },
      },
    })
    const socket = connect(server.port, '127.0.0.1')
    socket.write(
      `POST /soap HTTP/1.1\r\nHost: h\r\nAuthorization: ${basic}\r\nContent-Type: text/xml\r\nContent-Length: 100000\r\n\r\n${envelope(uploadMovie('AAAA~')).split('~')[0]}`,
    )
    await began.promise
    socket.destroy()
    assert.ok((await failed.promise) instanceof Error)
  })
})
