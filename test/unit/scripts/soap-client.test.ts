import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { readMtom } from '../../../scripts/demo/soap/read-mtom.ts'
import { SoapClient } from '../../../scripts/demo/soap/soap-client.ts'
import { all, parseXml, textAt } from '../../../scripts/demo/soap/xml-element.ts'

describe('the plain SOAP client of the demo', () => {
  const envelope = '<s:Envelope xmlns:s="x"><s:Body/></s:Envelope>'
  const head = `--b=1\r\nContent-Type: application/xop+xml\r\n\r\n${envelope}\r\n--b=1`
  const contentType = 'multipart/related; type="application/xop+xml"; boundary="b=1"; start="<e>"'

  it('reads a part of bytes whatever is in it and wherever the reply is torn', async () => {
    // Beginnings of the delimiter in the bytes, and the whole of it but for its last character.
    const bytes = '\r\n--b\r\n\r\n--b=\r\n--b=2--\r\n\r\n--b=1-'
    const reply = Buffer.from(`${head}\r\nContent-ID: <c>\r\n\r\n${bytes}\r\n--b=1--\r\n`)
    for (const size of [1, 2, 7, reply.length]) {
      const read = await readMtom(inPieces(reply, size), contentType)
      assert.equal(read.envelope, envelope)
      assert.equal(String(await buffer(required(read.content))), bytes)
    }
  })

  it('reads a reply that is an envelope alone', async () => {
    const read = await readMtom(inPieces(Buffer.from(`${head}--\r\n`), 5), contentType)
    assert.deepEqual(read, { envelope, content: undefined })
  })

  it('says so when a reply is cut short', async () => {
    const cut = Buffer.from(`${head}\r\n\r\n\r\nmov`)
    const read = await readMtom(inPieces(cut, 5), contentType)
    await assert.rejects(buffer(required(read.content)), /cut short/)
  })

  it('finds elements by their names, and their texts', () => {
    const xml = parseXml('<a:A xmlns:a="u"><a:B>1 &lt; 2</a:B><a:L><a:I>x</a:I><a:I>y</a:I></a:L></a:A>')
    assert.equal(textAt(xml, 'B'), '1 < 2')
    assert.deepEqual(
      all(xml, 'L', 'I').map(({ text }) => text),
      ['x', 'y'],
    )
    assert.throws(() => textAt(xml, 'C'), /no C in A/)
  })

  it("throws a fault with the service's own sentence, and shows what is no SOAP as it came", async () => {
    const fault = `<s:Envelope xmlns:s="x"><s:Body><s:Fault><faultstring>no</faultstring><detail><ServiceFault><Message>There is no job &amp; none.</Message></ServiceFault></detail></s:Fault></s:Body></s:Envelope>`
    const replies = [
      { status: 500, type: 'text/xml', text: fault },
      { status: 502, type: 'text/html', text: 'Bad gateway' },
    ]
    const server = createServer((_, response) => {
      const reply = replies.shift()
      response.writeHead(reply?.status ?? 0, { 'content-type': reply?.type }).end(reply?.text)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/soap`
      const client = new SoapClient({ address, key: 'rmk_x', signal: AbortSignal.timeout(10_000) })
      await assert.rejects(client.call('GetJob', { JobId: 'j' }), /GetJob .* fault: There is no job & none\./)
      await assert.rejects(client.call('GetJob', { JobId: 'j' }), /answered 502: Bad gateway/)
    } finally {
      server.close()
      server.closeAllConnections()
    }
  })

  function required<T>(value: T | undefined): T {
    assert.ok(value)
    return value
  }

  async function* inPieces(bytes: Buffer, size: number) {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
})
