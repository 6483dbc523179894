import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { startTestFrontend } from '../../support/frontend.ts'
import { envelope } from '../../unit/soap/support/envelopes.ts'
import { textOf } from '../../unit/soap/support/soap-server.ts'

// More than lies in the buffers between client and server, and less than is read on for a client's sake.
const BODY_BYTES = 16 * 2 ** 20

describe('A refusal by SOAP', () => {
  it('reads on what its sender is still sending, so that it sees the fault', async () => {
    await using frontend = await startTestFrontend()
    const body = envelope('<a>'.repeat(BODY_BYTES / 3))
    const sending = request(`${frontend.url}/soap`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`any:${frontend.key}`).toString('base64')}`,
        'content-type': 'text/xml',
        'content-length': Buffer.byteLength(body),
      },
    })
    const seen: string[] = []
    sending.on('finish', () => seen.push('all was sent'))
    sending.on('response', () => seen.push('the answer came'))
    sending.end(body)
    const [answer] = (await once(sending, 'response')) as [IncomingMessage]
    assert.equal(textOf(await text(answer), 'Field'), 'depth')
    assert.deepEqual(seen, ['all was sent', 'the answer came'])
  })
})
