import assert from 'node:assert/strict'
import { elementPath, toRest, toSoap } from '../../../services/frontend/soap/codec/mirror.ts'
import { rebuildRequest } from '../../../services/frontend/soap/codec/rebuild-request.ts'
import { StrongSoapCodec } from '../../../services/frontend/soap/codec/strong-soap-codec.ts'
import { Tokens } from '../../../services/frontend/soap/codec/tokens.ts'
import { findOperation, type Operation } from '../../../services/frontend/soap/contract/operations.ts'
import { wsdlDocument } from '../../../services/frontend/soap/contract/wsdl.ts'
import { xmlText } from '../../../services/frontend/soap/xml-text.ts'
import { envelope, inNamespace, outline, readEnvelope } from './support/envelopes.ts'

function operation(name: string): Operation {
  const found = findOperation(name)
  assert.ok(found)
  return found
}

describe('The codec', () => {
  let codec: StrongSoapCodec
  before(async () => {
    codec = await StrongSoapCodec.open(wsdlDocument('http://localhost/soap', 'both'))
  })

  async function request(name: string, body: string): Promise<Record<string, unknown>> {
    const { head } = await readEnvelope(envelope(body))
    const tokens = new Tokens()
    const clean = rebuildRequest(operation(name), head.operation, tokens)
    return toRest(operation(name).request, codec.decode(operation(name).name, clean), tokens)
  }
  const submit = (inner: string) => request('SubmitJob', inNamespace('SubmitJob', inner))
  const needed =
    '<Inputs><Input><Source><UploadId>upl_1</UploadId></Source></Input></Inputs><Outputs><OutputRequest><Preset>web-720p</Preset></OutputRequest></Outputs>'

  it('turns a request into the shape that REST takes', async () => {
    assert.deepEqual(
      await submit(`${needed.replace('</OutputRequest>', `<Overrides><Video><Crf> 2.5 </Crf><Upscale>1</Upscale><Width>+640</Width></Video><Audio><AudioSettings/></Audio><Include><String>video</String><String>audio</String></Include></Overrides></OutputRequest><OutputRequest><Preset>b</Preset><Name/></OutputRequest>`)}
        <Reference> a &amp; <![CDATA[<b>]]> &#13;~0~ </Reference><Metadata><Entry><Key>k</Key><Value>v</Value></Entry><Entry><Value></Value><Key>__proto__</Key></Entry></Metadata><Notify/>`),
      {
        inputs: [{ source: { uploadId: 'upl_1' } }],
        outputs: [
          {
            preset: 'web-720p',
            overrides: {
              video: { crf: 2.5, upscale: true, width: 640 },
              audio: [{}],
              include: ['video', 'audio'],
            },
          },
          { preset: 'b' },
        ],
        reference: ' a & <b> \r~0~ ',
        metadata: Object.fromEntries([
          ['k', 'v'],
          ['__proto__', ''],
        ]),
      },
    )
    assert.equal(({} as Record<string, unknown>)[''], undefined)
    assert.deepEqual(await request('ListPresets', inNamespace('ListPresets', '')), {})
    assert.deepEqual(
      await request(
        'UploadChunk',
        inNamespace('UploadChunk', '<UploadId>u</UploadId><Offset>9007199254740991</Offset><Data/>'),
      ),
      {
        uploadId: 'u',
        offset: 9007199254740991,
      },
    )
  })

  it('takes elements in any order, without a namespace, and nil for absent', async () => {
    const loose =
      '<s:SubmitJob xmlns:s="urn:reelmill:v1"><Reference xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/><Outputs><OutputRequest xsi:type="s:OutputRequest" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Preset>p</Preset></OutputRequest></Outputs><Inputs><s:Input><Source><Url>s3://a/b</Url></Source></s:Input></Inputs></s:SubmitJob>'
    assert.deepEqual(await request('SubmitJob', loose), {
      inputs: [{ source: { url: 's3://a/b' } }],
      outputs: [{ preset: 'p' }],
    })
  })

  it('refuses what the contract does not have, with the path of the element', async () => {
    const refused = async (inner: string, code: string, field: string) =>
      assert.rejects(
        submit(inner),
        (error: { code: string; message: string; facts: { field: string } }) => {
          assert.equal(error.code, code, error.message)
          assert.equal(error.facts.field, field, error.message)
          assert.ok(error.message.includes(field))
          return true
        },
        inner,
      )
    await refused(`${needed}<Preset>p</Preset>`, 'unknown-field', 'Preset')
    await refused(`${needed}<__proto__>p</__proto__>`, 'unknown-field', '__proto__')
    await refused(`${needed}<toString/>`, 'unknown-field', 'toString')
    await refused(`${needed}<Reference xmlns="urn:other">r</Reference>`, 'unknown-field', 'Reference')
    await refused(
      needed.replace('<Preset>', '<Tier>x</Tier><Preset>'),
      'unknown-field',
      'Outputs/OutputRequest[1]/Tier',
    )
    await refused(needed.replace('<Input>', '<Film>x</Film><Input>'), 'unknown-field', 'Inputs/Film')
    await refused(`${needed}<Reference>a</Reference><Reference>b</Reference>`, 'invalid-request', 'Reference')
    const entry = (key: string, value: string) => `<Entry><Key>${key}</Key><Value>${value}</Value></Entry>`
    await refused(
      `${needed}<Metadata>${entry('a', '1')}${entry('b', '2')}${entry('a', '1')}</Metadata>`,
      'invalid-request',
      'Metadata/Entry[3]/Key',
    )
    await assert.rejects(
      submit(`${needed}<Metadata>${entry('__proto__', '1').repeat(2)}</Metadata>`),
      /'__proto__' comes twice/,
    )
    await refused(`${needed}<Reference><b/></Reference>`, 'invalid-request', 'Reference')
    await refused(`text${needed}`, 'invalid-request', 'SubmitJob')
    await refused(needed.replace('<Input>', 'x<Input>'), 'invalid-request', 'Inputs')
    await refused(needed.slice(needed.indexOf('<Outputs>')), 'invalid-request', 'Inputs')
    await refused(needed.replace('web-720p', ''), 'invalid-request', 'Outputs/OutputRequest[1]/Preset')
    const override = (video: string) =>
      needed.replace('</OutputRequest>', `<Overrides><Video>${video}</Video></Overrides></OutputRequest>`)
    const at = 'Outputs/OutputRequest[1]/Overrides/Video'
    for (const width of [
      '1.5',
      '1e3',
      '0x10',
      '2147483648',
      '-2147483649',
      'NaN',
      '99999999999999999999999999',
      '１',
    ])
      await refused(override(`<Width>${width}</Width>`), 'invalid-request', `${at}/Width`)
    for (const crf of ['NaN', 'INF', '1e999', '1,5', '0x1', '.', '1 2'])
      await refused(override(`<Crf>${crf}</Crf>`), 'invalid-request', `${at}/Crf`)
    for (const flag of ['yes', 'TRUE', '2', 'on'])
      await refused(override(`<Upscale>${flag}</Upscale>`), 'invalid-request', `${at}/Upscale`)
    for (const offset of ['9007199254740992', '9007199254740993', '-9007199254740992', '1.0'])
      await assert.rejects(
        request(
          'UploadChunk',
          inNamespace('UploadChunk', `<UploadId>u</UploadId><Offset>${offset}</Offset><Data/>`),
        ),
        { code: 'invalid-request', facts: { field: 'Offset' } },
      )
    await assert.rejects(
      request('UploadChunk', inNamespace('UploadChunk', '<UploadId>u</UploadId><Offset>0</Offset>')),
      { code: 'invalid-request', facts: { field: 'Data' } },
    )
  })

  it('writes a response that reads back as it was, in both versions', async () => {
    const nasty = 'a<![CDATA[x]]>&amp; "q" \' > ]]> \r\n\t ~0~ $& $1 😀'
    const job = {
      id: nasty,
      revision: 2 ** 53 - 1,
      done: false,
      progress: 1e-7,
      metadata: { [nasty]: nasty, empty: '' },
      inputs: [],
      warnings: [{ code: 'w', message: nasty }],
      createdAt: '2026-01-31T12:00:00.123Z',
      contentUrl: 'not in SOAP',
    }
    for (const version of ['1.1', '1.2'] as const) {
      const tokens = new Tokens()
      const { response } = operation('GetJob')
      const xml = tokens.restore(
        codec.encode('GetJob', version, toSoap([response], { job }, tokens)),
        xmlText,
      )
      const { head } = await readEnvelope(xml)
      assert.equal(head.version, version)
      assert.equal(head.operation.namespace, 'urn:reelmill:v1')
      assert.equal(
        outline(head.operation),
        `GetJobResponse(Job(Id${nasty},Revision9007199254740991,Donefalse,Progress1e-7,Inputs,Metadata(Entry(Key${nasty},Value${nasty}),Entry(Keyempty,Value)),Warnings(Warning(Codew,Message${nasty})),CreatedAt2026-01-31T12:00:00.123Z))`,
      )
    }
  })

  it('replaces what XML has no place for', () => {
    assert.equal(xmlText('a\u0001b\ufffec\ud800d\u0000'), 'a\ufffdb\ufffdc\ufffdd\ufffd')
  })

  it("finds the element of a pointer into REST's shape", () => {
    const { request } = operation('SubmitJob')
    assert.equal(elementPath(request, '/outputs/1/preset'), 'Outputs/OutputRequest[2]/Preset')
    assert.equal(
      elementPath(request, '/outputs/0/overrides/video/crf'),
      'Outputs/OutputRequest[1]/Overrides/Video/Crf',
    )
    assert.equal(
      elementPath(request, '/outputs/0/overrides/include/1'),
      'Outputs/OutputRequest[1]/Overrides/Include/String[2]',
    )
    assert.equal(elementPath(request, '/metadata/a~1b'), 'Metadata')
    assert.equal(elementPath(request, '/inputs'), 'Inputs')
    assert.equal(elementPath(request, '/nothing'), undefined)
    assert.equal(elementPath(request, ''), undefined)
  })
})
