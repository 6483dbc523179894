import assert from 'node:assert/strict'
import { packagingOf, parseContentType } from '../../../services/frontend/soap/wire/content-type.ts'

const parsed = (header: string) => {
  const { mediaType, parameters } = parseContentType(header)
  return { mediaType, ...Object.fromEntries(parameters) }
}

describe('The Content-Type of a SOAP request', () => {
  it('is read as each client stack writes it', () => {
    assert.deepEqual(parsed('text/xml; charset=utf-8'), { mediaType: 'text/xml', charset: 'utf-8' })
    assert.deepEqual(parsed('TEXT/XML;CharSet="utf-8";'), { mediaType: 'text/xml', charset: 'utf-8' })
    assert.deepEqual(parsed('application/soap+xml; charset=utf-8; action="urn:reelmill:v1/GetJob"'), {
      mediaType: 'application/soap+xml',
      charset: 'utf-8',
      action: 'urn:reelmill:v1/GetJob',
    })
    // gSOAP: a quoted boundary with = and /, and a start in angle brackets.
    assert.deepEqual(
      parsed(
        'multipart/related; boundary="==Q7pdE+/x=="; type="application/xop+xml"; start="<SOAP-ENV:Envelope>"; start-info="application/soap+xml; charset=utf-8"',
      ),
      {
        mediaType: 'multipart/related',
        boundary: '==Q7pdE+/x==',
        type: 'application/xop+xml',
        start: '<SOAP-ENV:Envelope>',
        'start-info': 'application/soap+xml; charset=utf-8',
      },
    )
    // JAX-WS: quotes inside quotes.
    assert.equal(
      parseContentType(
        'multipart/related;start="<r@x>";type="application/xop+xml";boundary="uuid:1";start-info="application/soap+xml;action=\\"a;b\\""',
      ).parameters.get('start-info'),
      'application/soap+xml;action="a;b"',
    )
  })

  it('says how the body is wrapped', () => {
    assert.equal(packagingOf(parseContentType('text/xml')), 'plain')
    assert.equal(packagingOf(parseContentType('application/soap+xml')), 'plain')
    assert.equal(packagingOf(parseContentType('Multipart/Related; boundary=x')), 'multipart')
  })

  it('is refused with 415 when it is absent, unreadable or of another kind', () => {
    for (const header of [
      undefined,
      '',
      'text',
      'text/xml; charset="utf-8',
      'text/xml, text/xml',
      `text/xml; x=${'y'.repeat(3_000)}`,
    ])
      assert.throws(() => parseContentType(header), { code: 'unsupported-media-type' }, String(header))
    assert.throws(() => packagingOf(parseContentType('application/json')), { code: 'unsupported-media-type' })
    assert.throws(() => packagingOf(parseContentType('application/dime')), { code: 'unsupported-media-type' })
  })

  it('is parsed in linear time', () => {
    const started = performance.now()
    for (let i = 0; i < 200; i++) {
      assert.throws(() => parseContentType(`text/xml${'; '.repeat(1_000)}"`))
      assert.throws(() => parseContentType(`text/xml; a="${'\\"'.repeat(1_000)}`))
    }
    assert.ok(performance.now() - started < 1_000)
  })
})
