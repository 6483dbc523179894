import assert from 'node:assert/strict'
import { attemptPrefix, jobKey } from '#shared/jobs/keys.ts'
import type { Job, OutputResult } from '../../../services/frontend/shapes/job.ts'
import { problemIn, startTestFrontend, type TestFrontend } from '../../support/frontend.ts'
import type { MemoryMediaStore } from '../../support/memory-media-store.ts'

type Page = { items: Job[]; nextCursor?: string }

describe('a job', () => {
  const look = async (frontend: TestFrontend, id: string) =>
    (await (await frontend.call('GET', `/v1/jobs/${id}`)).json()) as Job
  const at = Date.now()
  const ending = { at, expiresAt: at + 1000 }

  it('is shown with its defaults filled and without what only we need to know', async () => {
    await using frontend = await startTestFrontend()
    const job = await frontend.submit({
      metadata: { episode: '7' },
      outputs: [{ preset: 'poster-jpg', name: 'p' }],
    })
    assert.deepEqual(job.notify, [])
    assert.deepEqual(job.delivery, { status: 'none' })
    assert.equal(job.done, false)
    assert.equal(job.revision, 1)
    assert.equal(job.outputs[0]?.kind, 'stills')
    assert.equal(job.outputs[0]?.preset, 'poster-jpg@1')
    assert.equal(job.outputs[0]?.status, 'pending')
    await frontend.move(job.id, { type: 'lease', leaseId: 'lea_secret', worker: 'wrk_1', at })
    const running = JSON.stringify(await look(frontend, job.id))
    for (const secret of ['lea_secret', 'in/acme', 'writeId', 'fence', 'tenant']) {
      assert.ok(!running.includes(secret), secret)
    }
  })

  it('freezes presets and names each output once', async () => {
    await using frontend = await startTestFrontend()
    const { id } = await frontend.upload()
    const submit = (outputs: object[]) =>
      frontend.send('POST', '/v1/jobs', { inputs: [{ source: { uploadId: id } }], outputs })
    const unknown = await problemIn(
      await submit([{ preset: 'web-1p' }, { preset: 'web-720p@99' }]),
      422,
      'unknown-preset',
    )
    assert.deepEqual(
      unknown.errors?.map(({ pointer }) => pointer),
      ['/outputs/0/preset', '/outputs/1/preset'],
    )
    const bounds = await submit([{ preset: 'web-720p', overrides: { video: { crf: 51, codec: 'h264' } } }])
    const outside = await problemIn(bounds, 422, 'override-out-of-bounds')
    assert.deepEqual(
      outside.errors?.map(({ pointer }) => pointer),
      ['/outputs/0/overrides/video/crf'],
    )
    const twice = await problemIn(
      await submit([{ preset: 'web-720p' }, { preset: 'web-720p@1' }]),
      400,
      'invalid-request',
    )
    assert.equal(twice.errors?.[0]?.pointer, '/outputs/1/name')
    const kind = await problemIn(
      await submit([{ preset: 'web-720p', kind: 'stills' }]),
      400,
      'invalid-request',
    )
    assert.equal(kind.errors?.[0]?.pointer, '/outputs/0/kind')
  })

  it('needs an upload that is ready and its own', async () => {
    await using frontend = await startTestFrontend()
    const submit = (uploadId: string) =>
      frontend.send('POST', '/v1/jobs', {
        inputs: [{ source: { uploadId } }],
        outputs: [{ preset: 'web-720p' }],
      })
    const open = (await (await frontend.send('POST', '/v1/uploads', {})).json()) as { id: string }
    await problemIn(await submit(open.id), 422, 'upload-not-ready')
    await problemIn(await submit('upl_unknown'), 404, 'not-found')
    const gone = await frontend.upload()
    await frontend.call('DELETE', `/v1/uploads/${gone.id}`)
    await problemIn(await submit(gone.id), 410, 'gone')
    assert.equal(await frontend.queue.depth(), 0)
  })

  it('reads s3:// locations only under granted prefixes, and never from our own buckets', async () => {
    await using frontend = await startTestFrontend()
    const submit = (url: string) =>
      frontend.send('POST', '/v1/jobs', { inputs: [{ source: { url } }], outputs: [{ preset: 'web-720p' }] })
    await problemIn(await submit('s3://movies/in/a.mov'), 403, 'location-not-granted')
    await frontend.tenants.grant('acme', 's3://movies/in/')
    await frontend.tenants.grant('acme', 's3://media/')
    await frontend.tenants.grant('zeta', 's3://movies/')
    assert.equal((await submit('s3://movies/in/a.mov')).status, 202)
    for (const url of [
      's3://movies/out/a.mov',
      's3://movies/in',
      's3://movies-in/in/a.mov',
      's3://media/in/zeta/x',
    ]) {
      await problemIn(await submit(url), 403, 'location-not-granted')
    }
    for (const url of ['https://movies/in/a.mov', 'file:///etc/passwd', 's3://movies/']) {
      await problemIn(await submit(url), 400, 'invalid-request')
    }
  })

  it('tells webhooks at public addresses only', async () => {
    await using frontend = await startTestFrontend()
    const { id } = await frontend.upload()
    const submit = (url: string) =>
      frontend.send('POST', '/v1/jobs', {
        inputs: [{ source: { uploadId: id } }],
        outputs: [{ preset: 'web-720p' }],
        notify: [{ kind: 'webhook', url, events: ['job.failed'] }],
      })
    for (const url of [
      'http://127.0.0.1/',
      'http://169.254.169.254/latest',
      'http://[::1]:80/',
      'ftp://8.8.8.8/',
    ]) {
      await problemIn(await submit(url), 422, 'destination-refused')
    }
    const job = (await (await submit('https://8.8.8.8/hook')).json()) as Job
    assert.deepEqual(job.notify, [{ kind: 'webhook', url: 'https://8.8.8.8/hook', events: ['job.failed'] }])
  })

  it('is one for one idempotency key, however often it is sent, and another request is refused', async () => {
    await using frontend = await startTestFrontend()
    const { id } = await frontend.upload()
    const body = { inputs: [{ source: { uploadId: id } }], outputs: [{ preset: 'web-720p' }], reference: 'x' }
    const submit = (over: object = {}) =>
      frontend.send('POST', '/v1/jobs', { ...body, ...over }, { 'idempotency-key': 'k1' })
    const answers = await Promise.all([submit(), submit(), submit()])
    const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as Job).id))
    assert.equal(new Set(ids).size, 1)
    await problemIn(await submit({ reference: 'y' }), 422, 'idempotency-mismatch')
    const page = (await (await frontend.call('GET', '/v1/jobs')).json()) as Page
    assert.equal(page.items.length, 1)
    const bad = await frontend.send('POST', '/v1/jobs', body, { 'idempotency-key': 'a b' })
    await problemIn(bad, 400, 'invalid-request')
  })

  it('says where it is while it runs, and its ETag changes with its progress', async () => {
    await using frontend = await startTestFrontend()
    const { id } = await frontend.submit()
    await frontend.move(id, { type: 'lease', leaseId: 'lea_1', worker: 'wrk_1', at })
    const progress = { phase: 'encode', ratio: 0.25, realtimeFactor: 3, etaSec: 9 }
    await frontend.beat({ id: 'wrk_1', leaseId: 'lea_1', job: id, tenant: 'acme', seq: 1, progress })
    const answer = await frontend.call('GET', `/v1/jobs/${id}`)
    const job = (await answer.json()) as Job
    assert.deepEqual([job.status, job.phase, job.progress, job.etaSec], ['running', 'encode', 0.25, 9])
    assert.equal(job.outputs[0]?.progress, 0.25)
    assert.equal(job.waitingFor, undefined)
    const headers = { 'if-none-match': answer.headers.get('etag') ?? '' }
    assert.equal((await frontend.call('GET', `/v1/jobs/${id}`, { headers })).status, 304)
    const several = { 'if-none-match': `"x", W/${headers['if-none-match']}` }
    assert.equal((await frontend.call('GET', `/v1/jobs/${id}`, { headers: several })).status, 304)
    await frontend.beat({ id: 'wrk_1', leaseId: 'lea_1', seq: 2, progress: { phase: 'encode', ratio: 0.5 } })
    assert.equal((await frontend.call('GET', `/v1/jobs/${id}`, { headers })).status, 200)
  })

  it('does not take the progress of another lease for its own', async () => {
    await using frontend = await startTestFrontend()
    const { id } = await frontend.submit()
    await frontend.move(id, { type: 'lease', leaseId: 'lea_1', worker: 'wrk_1', at })
    await frontend.beat({
      id: 'wrk_1',
      leaseId: 'lea_other',
      seq: 1,
      progress: { phase: 'encode', ratio: 0.9 },
    })
    assert.equal((await look(frontend, id)).progress, undefined)
  })

  it('is canceled at once while queued, by a wish while it runs, and not at all when it has ended', async () => {
    await using frontend = await startTestFrontend()
    const cancel = async (id: string) =>
      (await (await frontend.call('POST', `/v1/jobs/${id}/cancel`)).json()) as Job
    const queued = await frontend.submit()
    assert.equal((await cancel(queued.id)).status, 'canceled')
    const running = await frontend.submit()
    await frontend.move(running.id, { type: 'lease', leaseId: 'lea_1', worker: 'wrk_1', at })
    const wished = await cancel(running.id)
    assert.equal(wished.status, 'running')
    assert.ok(wished.cancelRequestedAt)
    const ended = await frontend.submit()
    await frontend.succeed(ended)
    assert.equal((await cancel(ended.id)).status, 'succeeded')
    await problemIn(await frontend.call('POST', '/v1/jobs/job_unknown/cancel'), 404, 'not-found')
  })

  it('can be retried when it has ended, as a new job with the same wishes', async () => {
    await using frontend = await startTestFrontend()
    // The same key for the submit and the retry: keys count per operation.
    const job = await frontend.submit(
      { reference: 'r', metadata: { a: 'b' } },
      { 'idempotency-key': 'again' },
    )
    const retry = (key?: string) =>
      frontend.call('POST', `/v1/jobs/${job.id}/retry`, { headers: key ? { 'idempotency-key': key } : {} })
    await problemIn(await retry(), 409, 'conflict')
    await frontend.move(
      job.id,
      { type: 'lease', leaseId: 'lea_1', worker: 'wrk_1', at },
      {
        type: 'fail',
        leaseId: 'lea_1',
        error: { code: 'input-damaged', message: 'x', retry: 'never' },
        ...ending,
      },
    )
    const failed = await look(frontend, job.id)
    assert.equal(failed.error?.code, 'input-damaged')
    assert.equal(failed.outputs[0]?.status, 'failed')
    const answer = await retry('again')
    assert.equal(answer.status, 202)
    const second = (await answer.json()) as Job
    assert.notEqual(second.id, job.id)
    assert.equal(second.retryOf, job.id)
    assert.deepEqual([second.status, second.reference, second.metadata], ['queued', 'r', { a: 'b' }])
    assert.deepEqual(second.outputs[0]?.settings, job.outputs[0]?.settings)
    assert.equal(((await (await retry('again')).json()) as Job).id, second.id)
    assert.notEqual(((await (await retry('and again')).json()) as Job).id, second.id)
  })

  it('cannot be retried when its upload is gone', async () => {
    await using frontend = await startTestFrontend()
    const job = await frontend.submit()
    await frontend.call('POST', `/v1/jobs/${job.id}/cancel`)
    await frontend.call('DELETE', `/v1/uploads/${job.inputs[0]?.source.uploadId}`)
    await problemIn(await frontend.call('POST', `/v1/jobs/${job.id}/retry`), 410, 'gone')
  })

  it('can be deleted when it has ended, with its outputs, and is gone from then on', async () => {
    await using frontend = await startTestFrontend()
    const job = await frontend.submit()
    const remove = () => frontend.call('DELETE', `/v1/jobs/${job.id}`)
    await problemIn(await remove(), 409, 'conflict')
    await frontend.succeed(job)
    assert.equal((await remove()).status, 204)
    await problemIn(await frontend.call('GET', `/v1/jobs/${job.id}`), 410, 'gone')
    await problemIn(await remove(), 410, 'gone')
    const keys = (frontend.media as MemoryMediaStore).keys
    assert.deepEqual(
      keys.filter((key) => key.startsWith('out/')),
      [],
    )
  })

  it('is listed newest first, a page at a time, by reference and by status', async () => {
    await using frontend = await startTestFrontend()
    const list = async (query: string) =>
      (await (await frontend.call('GET', `/v1/jobs?${query}`)).json()) as Page
    const jobs: Job[] = []
    for (const reference of ['a', 'b', 'a', 'b', 'a']) jobs.push(await frontend.submit({ reference }))
    const newestFirst = jobs
      .map(({ id }) => id)
      .sort()
      .reverse()
    const seen: string[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const page: Page = await list(`limit=2${cursor ? `&cursor=${cursor}` : ''}`)
      assert.ok(page.items.length <= 2)
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.nextCursor
    }
    assert.deepEqual(seen, newestFirst)
    assert.deepEqual(
      (await list('reference=b')).items.map(({ reference }) => reference),
      ['b', 'b'],
    )
    await frontend.call('POST', `/v1/jobs/${jobs[2]?.id}/cancel`)
    assert.deepEqual(
      (await list('status=canceled')).items.map(({ id }) => id),
      [jobs[2]?.id],
    )
    assert.equal((await list('status=queued&reference=a')).items.length, 2)
  })

  it('shows one output, and leads to each of its files but to nothing else', async () => {
    await using frontend = await startTestFrontend()
    const job = await frontend.submit()
    const files = `/v1/jobs/${job.id}/outputs/web-720p/files`
    await problemIn(await frontend.call('GET', `${files}/movie.mp4`), 404, 'not-found')
    await frontend.succeed(job)
    const output = (await (
      await frontend.call('GET', `/v1/jobs/${job.id}/outputs/web-720p`)
    ).json()) as OutputResult
    assert.equal(output.status, 'succeeded')
    assert.equal(output.files[0]?.url, `${frontend.url}${files}/movie.mp4`)
    await problemIn(await frontend.call('GET', `/v1/jobs/${job.id}/outputs/other`), 404, 'not-found')
    const redirect = await frontend.call('GET', `${files}/movie.mp4`)
    assert.equal(redirect.status, 302)
    assert.equal(redirect.headers.get('cache-control'), 'no-store')
    for (const path of ['other.mp4', '..%2f..%2fmanifest.json', 'movie.mp4/', '%2e%2e/x']) {
      await problemIn(await frontend.call('GET', `${files}/${path}`), 404, 'not-found')
    }
  })

  it('that has no files says why, and what to do next', async () => {
    await using frontend = await startTestFrontend()
    const job = await frontend.submit()
    const told = async (path: string) =>
      (await problemIn(await frontend.call('GET', `/v1/jobs/${job.id}/outputs/${path}`), 404, 'not-found'))
        .detail
    const file = 'web-720p/files/web-720p.mp4'
    assert.equal(
      await told(file),
      `The job ${job.id} is queued and has no files yet. Follow it with GET /v1/jobs/${job.id}/events, then fetch them.`,
    )
    assert.equal(await told('other'), `The job ${job.id} has no output other. It has web-720p.`)
    await frontend.call('POST', `/v1/jobs/${job.id}/cancel`)
    assert.equal(
      await told(file),
      `The job ${job.id} was canceled and has no files. POST /v1/jobs/${job.id}/retry submits it again.`,
    )
    const failing = await frontend.submit()
    await frontend.move(
      failing.id,
      { type: 'lease', leaseId: 'lea_1', worker: 'wrk_1', at: Date.now() },
      {
        type: 'fail',
        leaseId: 'lea_1',
        at: Date.now(),
        expiresAt: Date.now() + 1_000,
        error: { code: 'input-damaged', message: 'It is damaged.', retry: 'changed' },
      },
    )
    const failed = await frontend.call('GET', `/v1/jobs/${failing.id}/outputs/web-720p/files/x`)
    assert.equal(
      (await problemIn(failed, 404, 'not-found')).detail,
      `The job ${failing.id} failed and has no files. GET /v1/jobs/${failing.id} says why; POST /v1/jobs/${failing.id}/retry tries again.`,
    )
  })

  it('leads to a file that only the store knows, when an output has more than the record names', async () => {
    await using frontend = await startTestFrontend()
    const job = await frontend.submit()
    const record = await frontend.succeed(job)
    const output = record.result?.outputs[0]
    assert.ok(record.result && output)
    const more = { ...record, result: { ...record.result, outputs: [{ ...output, fileCount: 7_000 }] } }
    const found = await frontend.store.get<typeof record>(jobKey(job.id))
    assert.ok(found)
    await frontend.store.swap(
      found,
      () => more,
      () => false,
    )
    const prefix = attemptPrefix('acme', job.id, 'main', 1)
    const names = ['web-720p/seg/7000.m4s', 'web-720p/../manifest.json', 'web-720p/a//b']
    for (const name of names) await frontend.media.write(prefix + name, Buffer.from('x'))
    const get = (path: string) => frontend.call('GET', `/v1/jobs/${job.id}/outputs/web-720p/files/${path}`)
    assert.equal((await get('seg/7000.m4s')).status, 302)
    for (const path of ['seg/7001.m4s', '..%2fmanifest.json', 'a//b']) {
      await problemIn(await get(path), 404, 'not-found')
    }
  })
})
