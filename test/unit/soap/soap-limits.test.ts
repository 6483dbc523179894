import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { readConfig } from '#shared/config.ts'
import { frontendConfig, soapLimitsOf } from '../../../services/frontend/config.ts'
import { type SoapLimits, soapLimitVariables } from '../../../services/frontend/soap/soap-limits.ts'
import { envelope, inNamespace } from './support/envelopes.ts'
import { basic, startSoapServer, textOf } from './support/soap-server.ts'

const every = Object.keys(soapLimitVariables) as (keyof SoapLimits)[]

describe('A limit of SOAP', () => {
  for (const limit of every) {
    const variable = soapLimitVariables[limit]
    it(`is set by ${variable}, which its fault names`, async () => {
      const text = '150'
      const limits = soapLimitsOf(readConfig(frontendConfig, { [variable]: text }))
      assert.equal(limits[limit], limit.endsWith('Ms') ? 150_000 : 150)
      const usual = soapLimitsOf(readConfig(frontendConfig, {}))
      for (const other of every) if (other !== limit) assert.equal(limits[other], usual[other], other)

      const fault = await faultOver(limit)
      assert.equal(textOf(fault, 'Field'), limit, fault)
      assert.ok(textOf(fault, 'Message')?.includes(variable), fault)
    })
  }
})

/** The fault that answers a request which exceeds this limit, and no other. */
async function faultOver(limit: keyof SoapLimits): Promise<string> {
  const getJob = (inner: string) => envelope(inNamespace('GetJob', inner))
  switch (limit) {
    case 'envelopeBytes':
      return refused({ envelopeBytes: 500 }, getJob(`<JobId>${'j'.repeat(500)}</JobId>`))
    case 'depth':
      return refused({ depth: 4 }, getJob('<JobId><a/></JobId>'))
    case 'elements':
      return refused({ elements: 4 }, getJob('<JobId/><JobId/>'))
    case 'attributes':
      return refused({ attributes: 2 }, getJob('<JobId a="" b="" c=""/>'))
    case 'nameChars':
      return refused({ nameChars: 20 }, getJob('<AnElementWithAVeryLongName/>'))
    case 'attributeChars':
      return refused({ attributeChars: 50 }, getJob(`<JobId a="${'x'.repeat(51)}"/>`))
    case 'textChars':
      return refused({ textChars: 50 }, getJob(`<JobId>${'x'.repeat(51)}</JobId>`))
    case 'parts':
      return refused({ parts: 1 }, mime('', getJob('<JobId>j</JobId>'), 'one more'), multipart)
    case 'partHeaderBytes':
      return refused({ partHeaderBytes: 50 }, mime(`X: ${'x'.repeat(50)}\r\n`, getJob('')), multipart)
    case 'headMs':
      return stalled({ headMs: 50 })
    case 'stallMs':
      return stalled({ stallMs: 50 })
    case 'createdWindowMs':
      return refused(
        { createdWindowMs: 1_000 },
        envelope(inNamespace('GetJob', ''), { header: oldToken() }),
        {
          authorization: '',
        },
      )
    default:
      throw limit satisfies never
  }
}

const multipart = { 'content-type': 'multipart/related; boundary=b' }

const mime = (headers: string, ...parts: readonly string[]): string =>
  `${parts.map((part) => `--b\r\n${headers}\r\n${part}\r\n`).join('')}--b--\r\n`

async function refused(limits: Partial<SoapLimits>, body: string, headers: Record<string, string> = {}) {
  await using server = await startSoapServer({ limits, users: { legacy: 's3cret' } })
  const { text } = await server.post(body, headers)
  assert.equal(server.calls.length, 0)
  return text
}

async function stalled(limits: Partial<SoapLimits>): Promise<string> {
  await using server = await startSoapServer({ limits })
  const socket = connect(server.port, '127.0.0.1')
  socket.write(
    `POST /soap HTTP/1.1\r\nHost: h\r\nAuthorization: ${basic}\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n<s:Envelope`,
  )
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return answer.toString()
}

function oldToken(): string {
  const created = new Date(Date.now() - 10_000).toISOString()
  const digest = createHash('sha1').update('nonce').update(created).update('s3cret').digest('base64')
  const nonce = Buffer.from('nonce').toString('base64')
  const base = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-'
  return `<w:Security xmlns:w="${base}wssecurity-secext-1.0.xsd" xmlns:u="${base}wssecurity-utility-1.0.xsd"><w:UsernameToken><w:Username>legacy</w:Username><w:Password Type="${base}username-token-profile-1.0#PasswordDigest">${digest}</w:Password><w:Nonce>${nonce}</w:Nonce><u:Created>${created}</u:Created></w:UsernameToken></w:Security>`
}
