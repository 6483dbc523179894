import assert from 'node:assert/strict'
import type { Job } from '../../../services/frontend/shapes/job.ts'
import { startTestFrontend } from '../../support/frontend.ts'

describe('the way of a movie through REST', () => {
  it('goes from an upload over a job to a file that can be fetched', async () => {
    await using frontend = await startTestFrontend()
    const { call } = frontend
    const upload = await frontend.upload('a movie', { fileName: 'holiday.mov', sizeBytes: 7 })
    assert.equal(upload.status, 'ready')
    assert.equal(upload.sizeBytes, 7)

    const submitted = await frontend.send('POST', '/v1/jobs', {
      inputs: [{ source: { uploadId: upload.id } }],
      outputs: [{ preset: 'web-720p', overrides: { video: { crf: 20 } } }],
      reference: 'order 7',
    })
    assert.equal(submitted.status, 202)
    const job = (await submitted.json()) as Job
    assert.equal(submitted.headers.get('location'), `/v1/jobs/${job.id}`)
    assert.equal(job.status, 'queued')
    assert.equal(job.waitingFor, 'capacity')
    assert.equal(job.outputs[0]?.settings.video?.crf, 20)
    assert.equal(await frontend.queue.depth(), 1)

    await frontend.succeed(job)
    const seen = (await (await call('GET', `/v1/jobs/${job.id}`)).json()) as Job
    assert.equal(seen.status, 'succeeded')
    assert.equal(seen.done, true)
    const url = seen.outputs[0]?.files[0]?.url
    assert.equal(url, `${frontend.url}/v1/jobs/${job.id}/outputs/web-720p/files/movie.mp4`)
    const redirect = await call('GET', url)
    assert.equal(redirect.status, 302)
    assert.match(redirect.headers.get('location') ?? '', /out\/acme\/.*movie\.mp4.*holiday-web-720p\.mp4/)
  })
})
