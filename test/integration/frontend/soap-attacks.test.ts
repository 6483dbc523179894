import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { basicAuthorization } from '../../../scripts/stack/basic-authorization.ts'
import { startTestFrontend, type TestFrontend } from '../../support/frontend.ts'
import { notingLog } from '../../support/noting-log.ts'
import { postSoap } from '../../support/post-soap.ts'
import { envelope, inNamespace } from '../../unit/soap/support/envelopes.ts'
import { textOf } from '../../unit/soap/support/soap-server.ts'

const KIB = 1024
const PIECE_BYTES = 16 * KIB
// What may be under way between client and server when the server has made up its mind.
const SLACK_BYTES = 8 * PIECE_BYTES

interface Attack {
  readonly what: string
  /** The beginning of the Body; what follows is `again` and again. */
  readonly begin?: string
  readonly again: string
  readonly totalBytes: number
  /** Refused when the server has seen so much of it, or sooner. */
  readonly mostBytes: number
  readonly code: string
  readonly field?: string
  readonly contentType?: string
}

const inOperation = '<GetJob xmlns="urn:reelmill:v1">'
const base64 = '<UploadMovie xmlns="urn:reelmill:v1"><Presets><String>web-720p</String></Presets><Content>'

const attacks: readonly Attack[] = [
  {
    what: '200,000 nested elements',
    again: '<a>',
    totalBytes: 600_000,
    mostBytes: KIB,
    code: 'too-large',
    field: 'depth',
  },
  {
    what: '20,000 nested elements that declare prefixes',
    again: '<x:a xmlns:x="urn:x">',
    totalBytes: 420_000,
    mostBytes: KIB,
    code: 'too-large',
    field: 'depth',
  },
  {
    what: 'a million siblings',
    begin: inOperation,
    again: '<a/>',
    totalBytes: 4_000_000,
    mostBytes: 21 * KIB,
    code: 'too-large',
    field: 'elements',
  },
  {
    what: '50 MB of text',
    begin: inOperation,
    again: 'text ',
    totalBytes: 50_000_000,
    mostBytes: 64 * KIB + PIECE_BYTES,
    code: 'too-large',
    field: 'textChars',
  },
  {
    what: 'CDATA without end',
    begin: `${inOperation}<JobId><![CDATA[`,
    again: '<',
    totalBytes: 5_000_000,
    mostBytes: KIB * KIB,
    code: 'too-large',
    field: 'envelopeBytes',
  },
  {
    what: 'one attribute without an end',
    begin: '<GetJob a="',
    again: '>',
    totalBytes: 1_000_000,
    mostBytes: 64 * KIB,
    code: 'too-large',
  },
  {
    what: '100,000 attributes',
    begin: '<GetJob ',
    again: 'a="" ',
    totalBytes: 500_000,
    mostBytes: PIECE_BYTES,
    code: 'too-large',
    field: 'attributes',
  },
  {
    what: 'comments without end',
    begin: inOperation,
    again: '<!-- - -->',
    totalBytes: 5_000_000,
    mostBytes: KIB * KIB,
    code: 'too-large',
  },
  {
    what: 'a movie of white space',
    begin: `${base64}AAAA`,
    again: ' ',
    totalBytes: 50_000_000,
    mostBytes: 2 * KIB * KIB,
    code: 'too-large',
    field: 'Content',
  },
  {
    what: 'headers of a part without end',
    begin: '--b\r\n',
    again: 'X: y\r\n z\r\n',
    totalBytes: 1_000_000,
    mostBytes: PIECE_BYTES,
    code: 'too-large',
    field: 'partHeaderBytes',
    contentType: 'multipart/related; boundary=b',
  },
  {
    what: 'multipart without its boundary',
    begin: '',
    again: 'nothing\r\n',
    totalBytes: 1_000_000,
    mostBytes: PIECE_BYTES,
    code: 'malformed-body',
    contentType: 'multipart/related; boundary=b',
  },
]

describe('An attack on SOAP', () => {
  for (const attack of attacks)
    it(`by ${attack.what} is refused before it is all there, and others are answered meanwhile`, async () => {
      const codes: unknown[] = []
      const log = notingLog(({ fields, message }) => {
        if (message === 'a call was refused') codes.push(fields.code)
      })
      await using frontend = await startTestFrontend({ log })
      await getJob(frontend)
      codes.length = 0
      const socket = open(frontend, attack)
      let sent = 0
      let answered = 0
      for (const piece of pieces(attack)) {
        socket.write(piece)
        sent += piece.length
        // The next piece is sent only when somebody else has been answered.
        assert.match(await getJob(frontend), /not-found/)
        answered += 1
        if (codes.some((code) => code !== 'not-found')) break
      }
      const answer = await answerOn(socket)
      assert.ok(sent < attack.totalBytes, `all ${sent} bytes were taken`)
      assert.ok(
        sent <= attack.mostBytes + SLACK_BYTES,
        `${sent} bytes were taken, ${answered} calls answered`,
      )
      assert.equal(textOf(answer, 'Code'), attack.code, answer)
      if (attack.field !== undefined) assert.equal(textOf(answer, 'Field'), attack.field, answer)
      assert.match(answer, /^HTTP\/1\.1 500 /)
    })

  it('by a document type is refused at its first word', async () => {
    await using frontend = await startTestFrontend()
    const bomb = `<!DOCTYPE lolz [<!ENTITY a "${'lol'.repeat(20_000)}"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`
    const text = await post(frontend, `<?xml version="1.0"?>${bomb}${envelope('<a>&b;</a>').slice(39)}`)
    assert.equal(textOf(text, 'Code'), 'malformed-body')
  })

  it('by names that mean something to JavaScript changes no object', async () => {
    await using frontend = await startTestFrontend()
    for (const name of ['__proto__', 'constructor', 'prototype', 'hasOwnProperty']) {
      await post(frontend, envelope(inNamespace('GetJob', `<${name} ${name}="1">${name}</${name}>`)))
      await post(frontend, envelope(inNamespace('GetJob', `<JobId id="${name}">${name}</JobId>`)))
      await post(frontend, envelope(inNamespace(name, `<${name}/>`)))
      const entry = `<Entry><Key>${name}</Key><Value>polluted</Value></Entry>`
      await post(frontend, envelope(inNamespace('BeginUpload', `<Metadata>${entry}</Metadata>`)))
    }
    assert.deepEqual(Object.keys(Object.prototype), [])
    assert.equal(({} as Record<string, unknown>).polluted, undefined)
    assert.match(await getJob(frontend), /not-found/)
  })
})

function open(frontend: TestFrontend, { totalBytes, contentType = 'text/xml' }: Attack) {
  const socket = connect(Number(new URL(frontend.url).port), '127.0.0.1')
  socket.on('error', () => undefined) // the server may hang up on what it has refused
  socket.write(
    `POST /soap HTTP/1.1\r\nHost: h\r\nAuthorization: ${basicAuthorization(frontend.key)}\r\nContent-Type: ${contentType}\r\nContent-Length: ${totalBytes}\r\n\r\n`,
  )
  return socket
}

function* pieces({ begin = '', again, totalBytes, contentType }: Attack): Generator<Buffer> {
  const head = contentType === undefined ? envelope('~').split('~')[0] : ''
  yield Buffer.from(`${head}${begin}`)
  const piece = Buffer.from(again.repeat(Math.ceil(PIECE_BYTES / again.length)))
  for (let left = totalBytes; left > 0; left -= piece.length) yield piece
}

/** The whole answer. Whoever sends no more need not wait until the server, which reads on, hangs up. */
async function answerOn(socket: ReturnType<typeof open>): Promise<string> {
  let received = ''
  const whole = Promise.withResolvers<void>()
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text
    if (received.includes(':Envelope>')) whole.resolve()
  })
  if (!socket.closed) await Promise.race([whole.promise, once(socket, 'close')])
  socket.destroy()
  return received
}

const post = async (frontend: TestFrontend, text: string): Promise<string> =>
  (await postSoap(frontend, text)).text()

const getJob = (frontend: TestFrontend): Promise<string> =>
  post(frontend, envelope(inNamespace('GetJob', '<JobId>job_nothing</JobId>')))
