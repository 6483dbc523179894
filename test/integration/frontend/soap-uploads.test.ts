import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { basicAuthorization } from '../../../scripts/stack/basic-authorization.ts'
import { type FrontendOptions, startTestFrontend } from '../../support/frontend.ts'
import { MemoryMediaStore } from '../../support/memory-media-store.ts'
import { notingLog } from '../../support/noting-log.ts'
import { postSoap } from '../../support/post-soap.ts'
import { envelope, inNamespace } from '../../unit/soap/support/envelopes.ts'
import { textOf } from '../../unit/soap/support/soap-server.ts'

const MIB = 1024 * 1024
const movie = (content: string) =>
  envelope(
    inNamespace('UploadMovie', `<Presets><String>web-720p</String></Presets><Content>${content}</Content>`),
  )
const chunk = (uploadId: string, content: string) =>
  envelope(
    inNamespace('UploadChunk', `<UploadId>${uploadId}</UploadId><Offset>0</Offset><Data>${content}</Data>`),
  )
const mime = (root: string, part: string) =>
  `--b\r\nContent-Type: application/xop+xml; charset=utf-8; type="text/xml"\r\n\r\n${root}\r\n--b\r\nContent-ID: <movie>\r\n\r\n${part}\r\n--b--\r\n`
const include = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:movie"/>'

/** Each way in which a movie can come; `body` of so many bytes of it. */
const ways = {
  'UploadMovie in base64': {
    type: 'text/xml',
    body: (_: string, bytes: number) => movie('AAAA'.repeat(bytes / 3)),
  },
  'UploadMovie in MTOM': {
    type: 'multipart/related; boundary=b',
    body: (_: string, bytes: number) => mime(movie(include), 'x'.repeat(bytes)),
  },
  'UploadChunk in base64': {
    type: 'text/xml',
    body: (id: string, bytes: number) => chunk(id, 'AAAA'.repeat(bytes / 3)),
  },
  'UploadChunk in MTOM': {
    type: 'multipart/related; boundary=b',
    body: (id: string, bytes: number) => mime(chunk(id, include), 'x'.repeat(bytes)),
  },
} as const

describe('A movie that comes by SOAP', () => {
  for (const [way, { type, body }] of Object.entries(ways)) {
    it(`leaves nothing in the store when its client goes away, by ${way}`, async () => {
      await using service = await startService()
      const uploadId = await service.beginUpload()
      const socket = service.send(type, body(uploadId, 3 * MIB).slice(0, 2 * MIB))
      await service.reading
      socket.destroy()
      await service.refused
      await service.assertNothingIsStored(uploadId)
    })

    it(`leaves nothing in the store when its client stalls, by ${way}`, async () => {
      await using service = await startService({ soapLimits: { stallMs: 200 } })
      const uploadId = await service.beginUpload()
      const socket = service.send(type, body(uploadId, 3 * MIB).slice(0, 2 * MIB))
      const [answer] = (await once(socket, 'data')) as [Buffer]
      assert.equal(textOf(answer.toString(), 'Code'), 'request-timeout')
      assert.equal(textOf(answer.toString(), 'Field'), 'stallMs')
      socket.destroy()
      await service.assertNothingIsStored(uploadId)
    })

    it(`is refused at the size limit and leaves nothing in the store, by ${way}`, async () => {
      await using service = await startService({ limits: { maxUploadBytes: 300_000 } })
      const uploadId = await service.beginUpload()
      const answer = await service.post(type, body(uploadId, 3 * MIB))
      assert.equal(textOf(answer, 'Code'), 'too-large', answer)
      assert.match(textOf(answer, 'Message') ?? '', /300000 bytes/)
      await service.assertNothingIsStored(uploadId)
    })
  }

  it('is given up when what comes before it drips', async () => {
    await using service = await startService({ soapLimits: { headMs: 300, stallMs: 10_000 } })
    const socket = service.send('text/xml', '')
    const text = movie('')
    let at = 0
    const drip = setInterval(() => socket.write(text[at++ % text.length] ?? ''), 10)
    const [answer] = (await once(socket, 'data').finally(() => {
      clearInterval(drip)
      socket.destroy()
    })) as [Buffer]
    assert.equal(textOf(answer.toString(), 'Code'), 'request-timeout')
    assert.equal(textOf(answer.toString(), 'Field'), 'headMs')
    await service.assertNothingIsStored('')
  })
})

/** A frontend over stores in memory that tells when it begins to read a movie, and when it has refused a call. */
async function startService(options: FrontendOptions = {}) {
  const reading = Promise.withResolvers<void>()
  const refused = Promise.withResolvers<void>()
  const media = new (class extends MemoryMediaStore {
    override write(...args: Parameters<MemoryMediaStore['write']>) {
      reading.resolve()
      return super.write(...args)
    }
  })((verb) => {
    if (verb === 'begin-multipart') reading.resolve()
  })
  const log = notingLog(({ message }) => {
    if (message === 'a call was refused') refused.resolve()
  })
  const frontend = await startTestFrontend({ ...options, media, log })
  const post = async (type: string, body: string) => (await postSoap(frontend, body, type)).text()
  return {
    post,
    reading: reading.promise,
    refused: refused.promise,
    beginUpload: async () =>
      textOf(await post('text/xml', envelope(inNamespace('BeginUpload', ''))), 'Id') ?? '',
    /** Sends the beginning of a request that is said to be longer, and keeps the connection. */
    send(type: string, text: string) {
      const socket = connect(Number(new URL(frontend.url).port), '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(
        `POST /soap HTTP/1.1\r\nHost: h\r\nAuthorization: ${basicAuthorization(frontend.key)}\r\nContent-Type: ${type}\r\nContent-Length: ${9 * MIB}\r\n\r\n${text}`,
      )
      return socket
    },
    /** No movie, no part of one: a multipart upload that an open upload will go on with ends with that. */
    async assertNothingIsStored(uploadId: string) {
      assert.deepEqual(media.keys, [])
      await post('text/xml', envelope(inNamespace('AbortUpload', `<UploadId>${uploadId}</UploadId>`)))
      assert.deepEqual([media.keys, media.unfinished], [[], []])
    },
    [Symbol.asyncDispose]: () => frontend[Symbol.asyncDispose](),
  }
}
