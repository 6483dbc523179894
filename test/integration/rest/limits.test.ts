import assert from 'node:assert/strict'
import { openHintKey } from '#shared/jobs/keys.ts'
import { MemoryObjects } from '#shared/state/memory-objects.ts'
import type { Job } from '../../../services/frontend/shapes/job.ts'
import { problemIn, startTestFrontend } from '../../support/frontend.ts'

describe('the rate of a key', () => {
  it('is told with each answer, and held with 429 and when to come back', async () => {
    await using frontend = await startTestFrontend({ limits: { rateRequests: 3, rateWindowSec: 60 } })
    const first = await frontend.call('GET', '/v1/presets')
    assert.equal(first.headers.get('ratelimit-policy'), '"key";q=3;w=60')
    assert.equal(first.headers.get('ratelimit'), '"key";r=2;t=60')
    await frontend.call('GET', '/v1/presets')
    await frontend.call('GET', '/v1/presets')
    const answer = await frontend.call('GET', '/v1/presets')
    const problem = await problemIn(answer, 429, 'rate-limited')
    const retryAfter = Number(answer.headers.get('retry-after'))
    assert.ok(retryAfter > 0 && retryAfter <= 60)
    assert.equal(problem.retryAfterSec, retryAfter)
    assert.match(answer.headers.get('ratelimit') ?? '', /^"key";r=0;t=\d+$/)
  })

  it('is its own: another key of the same tenant still has all of it', async () => {
    await using frontend = await startTestFrontend({ limits: { rateRequests: 1 } })
    const { key } = await frontend.newKey('acme')
    await frontend.call('GET', '/v1/presets')
    await problemIn(await frontend.call('GET', '/v1/presets'), 429, 'rate-limited')
    assert.equal((await frontend.call('GET', '/v1/presets', { key })).status, 200)
  })

  it('does not help who guesses keys', async () => {
    await using frontend = await startTestFrontend({ limits: { badKeysPerMinute: 2 } })
    const guess = () => frontend.call('GET', '/v1/jobs', { key: `rmk_${'y'.repeat(43)}` })
    await problemIn(await guess(), 401, 'unauthenticated')
    await problemIn(await guess(), 401, 'unauthenticated')
    await problemIn(await guess(), 429, 'rate-limited')
    assert.equal((await frontend.call('GET', '/v1/jobs')).status, 200, 'a good key from there still works')
  })
})

describe('the open jobs of a tenant', () => {
  it('are held to a number, and room is made by those that end', async () => {
    const objects = new MemoryObjects()
    await using frontend = await startTestFrontend({ objects, limits: { maxOpenJobs: 3 } })
    const submit = async (key: string, headers: Record<string, string> = {}) => {
      const begun = await frontend.call('POST', '/v1/uploads', { key })
      const { id } = (await begun.json()) as { id: string }
      await frontend.call('PUT', `/v1/uploads/${id}/content`, { key, body: 'a movie' })
      return frontend.call('POST', '/v1/jobs', {
        key,
        body: JSON.stringify({ inputs: [{ source: { uploadId: id } }], outputs: [{ preset: 'web-720p' }] }),
        headers: { 'content-type': 'application/json', ...headers },
      })
    }
    const first = (await (await submit(frontend.key)).json()) as Job
    for (let n = 0; n < 2; n++) assert.equal((await submit(frontend.key)).status, 202)
    const refused = await submit(frontend.key)
    assert.equal(refused.headers.get('retry-after'), '10')
    const { detail } = await problemIn(refused, 429, 'quota-exceeded')
    assert.equal(
      detail,
      'This tenant has 3 jobs open, and may not have more. Wait until some end, or cancel some; one whose webhook has not taken the news yet counts, too.',
    )
    const other = await frontend.newKey('other')
    assert.equal((await submit(other.key)).status, 202, 'another tenant has its own')

    const form = new FormData()
    form.append('preset', 'web-720p')
    form.append('file', new Blob(['a movie']), 'a.mov')
    await problemIn(await frontend.call('POST', '/v1/jobs', { body: form }), 429, 'quota-exceeded')
    await frontend.call('POST', `/v1/jobs/${first.id}/cancel`)
    await problemIn(await frontend.call('POST', `/v1/jobs/${first.id}/retry`), 429, 'quota-exceeded')

    await frontend.store.delete(openHintKey('acme', first.id)) // as the sweep does when it closes the job
    await using another = await startTestFrontend({ objects, limits: { maxOpenJobs: 3 } })
    const again = await another.call('POST', `/v1/jobs/${first.id}/retry`)
    assert.equal(again.status, 202)
  })

  it('do not count a repeat, which is answered with the job that there is', async () => {
    await using frontend = await startTestFrontend({ limits: { maxOpenJobs: 1 } })
    const { id } = await frontend.upload()
    const body = { inputs: [{ source: { uploadId: id } }], outputs: [{ preset: 'web-720p' }] }
    const submit = (key: string) => frontend.send('POST', '/v1/jobs', body, { 'idempotency-key': key })
    const job = (await (await submit('k')).json()) as Job
    await problemIn(await submit('other'), 429, 'quota-exceeded')
    assert.equal(((await (await submit('k')).json()) as Job).id, job.id)
  })

  it('are not listed for each submit', async () => {
    let lists = 0
    const objects = new MemoryObjects({
      fault: ({ verb }) => {
        if (verb === 'list') lists++
        return 'none'
      },
    })
    await using frontend = await startTestFrontend({ objects })
    for (let n = 0; n < 20; n++) await frontend.submit()
    assert.equal(lists, 1)
    await using unlimited = await startTestFrontend({ objects, limits: { maxOpenJobs: 0 } })
    await unlimited.submit()
    assert.equal(lists, 1)
  })
})
