import assert from 'node:assert/strict'
import type { Job } from '../../../services/frontend/shapes/job.ts'
import { operations } from '../../../services/frontend/soap/contract/operations.ts'
import { startTestFrontend } from '../../support/frontend.ts'
import { postSoap } from '../../support/post-soap.ts'
import { envelope, inNamespace } from '../../unit/soap/support/envelopes.ts'
import { textOf } from '../../unit/soap/support/soap-server.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('All operations of SOAP', () => {
  it('do over the wire what they are for', async () => {
    await using frontend = await startTestFrontend()
    const called = new Set<string>()
    const call = async (name: string, inner: string) => {
      called.add(name)
      const request = envelope(inNamespace(name, inner), { version: '1.2' })
      const answer = await postSoap(frontend, request, 'application/soap+xml; charset=utf-8')
      const text = await answer.text()
      assert.equal(answer.status, 200, `${name}: ${text}`)
      assert.match(text, new RegExp(`<(\\w+:)?${name}Response[ >]`))
      return { text, of: (element: string) => textOf(text, element) ?? '' }
    }
    const seen = async (id: string) => (await (await frontend.call('GET', `/v1/jobs/${id}`)).json()) as Job

    assert.match((await call('ListPresets', '')).text, />web-720p</)
    const presets = '<Presets><String>web-720p</String></Presets>'
    const first = (await call('UploadMovie', `${presets}<Content>${base64('a movie')}</Content>`)).of('Id')
    const upload = (await call('BeginUpload', '<FileName>a.mov</FileName><SizeBytes>7</SizeBytes>')).of('Id')
    const chunk = `<UploadId>${upload}</UploadId><Offset>0</Offset><Data>${base64('a movie')}</Data>`
    assert.equal((await call('UploadChunk', chunk)).of('ReceivedBytes'), '7')
    assert.equal((await call('CompleteUpload', `<UploadId>${upload}</UploadId>`)).of('Status'), 'ready')
    const wish = `<Inputs><Input><Source><UploadId>${upload}</UploadId></Source></Input></Inputs><Outputs><OutputRequest><Preset>web-720p</Preset></OutputRequest></Outputs><Reference>second</Reference>`
    const second = (await call('SubmitJob', wish)).of('Id')
    const one = (id: string) => `<JobId>${id}</JobId>`
    assert.equal((await call('GetJob', one(second))).of('Reference'), 'second')
    const page = await call('ListJobs', '<Limit>1</Limit>')
    assert.equal(page.of('Id'), second, 'the newest first')
    const rest = await call('ListJobs', `<Limit>1</Limit><Cursor>${page.of('NextCursor')}</Cursor>`)
    assert.equal(rest.of('Id'), first)
    assert.equal((await call('ListJobs', '<Reference>second</Reference>')).of('Id'), second)
    assert.equal((await call('CancelJob', one(second))).of('Status'), 'canceled')
    const retried = (await call('RetryJob', one(second))).of('Id')
    assert.equal((await seen(retried)).retryOf, second)

    await frontend.succeed(await seen(first), 'encoded')
    const listed = await call('ListFiles', one(first))
    assert.deepEqual([listed.of('Output'), listed.of('Path')], ['web-720p', 'movie.mp4'])
    const file = `${one(first)}<Output>web-720p</Output><Path>movie.mp4</Path>`
    assert.match((await call('GetFileUrl', file)).of('Url'), /movie\.mp4/)
    assert.equal((await call('FetchFile', file)).of('Content'), base64('encoded'))
    assert.equal((await call('DeleteJob', one(first))).of('Deleted'), 'true')
    assert.equal((await frontend.call('GET', `/v1/jobs/${first}`)).status, 410)
    const open = (await call('BeginUpload', '')).of('Id')
    assert.equal((await call('AbortUpload', `<UploadId>${open}</UploadId>`)).of('Aborted'), 'true')
    assert.equal((await frontend.call('GET', `/v1/uploads/${open}`)).status, 410)

    assert.deepEqual([...called].sort(), operations.map(({ name }) => name).sort())
  })
})
