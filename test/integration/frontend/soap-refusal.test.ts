import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { basicAuthorization } from '../../../scripts/stack/basic-authorization.ts'
import { startTestFrontend, type TestFrontend } from '../../support/frontend.ts'
import { envelope } from '../../unit/soap/support/envelopes.ts'
import { textOf } from '../../unit/soap/support/soap-server.ts'

// More than lies in the buffers between client and server, and less than is read on for a client's sake.
const BODY_BYTES = 16 * 2 ** 20

describe('A refusal by SOAP', () => {
  let frontend: TestFrontend

  beforeEach(async () => {
    frontend = await startTestFrontend()
  })
  afterEach(() => frontend[Symbol.asyncDispose]())

  function refused(headers: Record<string, string> = {}) {
    const body = envelope('<a>'.repeat(BODY_BYTES / 3))
    const sending = request(`${frontend.url}/soap`, {
      method: 'POST',
      headers: {
        authorization: basicAuthorization(frontend.key),
        'content-type': 'text/xml',
        'content-length': Buffer.byteLength(body),
        ...headers,
      },
    })
    return { body: Buffer.from(body), sending }
  }

  it('comes before all was sent, and what is sent after it is read on', async () => {
    const { body, sending } = refused()
    sending.write(body.subarray(0, 2 ** 20))
    const [answer] = (await once(sending, 'response')) as [IncomingMessage]
    assert.equal(textOf(await text(answer), 'Field'), 'depth')
    const sent = once(sending, 'finish')
    sending.end(body.subarray(2 ** 20))
    await sent
  })

  it('is seen by a client that closes after one request and sends all before it reads', async () => {
    const { body, sending } = refused({ connection: 'close' })
    const seen: string[] = []
    sending.on('finish', () => seen.push('all was sent'))
    sending.on('response', () => seen.push('the answer came'))
    sending.end(body)
    const [answer] = (await once(sending, 'response')) as [IncomingMessage]
    assert.equal(textOf(await text(answer), 'Field'), 'depth')
    assert.deepEqual(seen, ['all was sent', 'the answer came'])
  })

  it('does not make the server read without end', async () => {
    const { body, sending } = refused({ 'content-length': String(2 ** 40) })
    const chunk = body.subarray(0, 2 ** 20)
    const [socket] = (await once(sending, 'socket')) as [Socket]
    const hungUp = once(socket, 'close')
    // Only of the connection that ends.
    sending.on('error', () => undefined).on('response', (answer) => answer.on('error', () => undefined))
    const send = () => {
      while (!sending.destroyed && sending.write(chunk)) {}
    }
    sending.on('drain', send)
    send()
    await hungUp
  })

  it('takes no more of a body of which it had read nothing than of another', async () => {
    const { hostname, port } = new URL(frontend.url)
    const socket = connect(Number(port), hostname)
    const hungUp = new Promise((resolve) =>
      socket
        .on('error', () => undefined)
        .on('close', resolve)
        .resume(),
    )
    socket.write(
      `POST /soap HTTP/1.1\r\nHost: a\r\nAuthorization: wrong\r\nContent-Length: ${2 ** 40}\r\n\r\n`,
    )
    const chunk = Buffer.alloc(2 ** 20)
    let sentMiB = 0
    // Of a write that failed we hear before the socket counts as destroyed; to write again would count what is not
    // sent.
    const send = (error?: Error | null) => {
      if (!error && !socket.destroyed && ++sentMiB < 300) socket.write(chunk, send)
    }
    send()
    await hungUp
    assert.ok(sentMiB < 100, `${sentMiB} MiB`)
  })
})
