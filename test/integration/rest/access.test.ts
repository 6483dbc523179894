import assert from 'node:assert/strict'
import type { Problem } from '../../../services/frontend/shapes/problem.ts'
import { problemIn, startTestFrontend, type TestFrontend } from '../../support/frontend.ts'

interface Operation {
  readonly operationId: string
  readonly 'x-scope'?: string
  readonly security?: readonly unknown[]
}
type Document = { readonly paths: Record<string, Record<string, Operation>> }

describe('every route of the OpenAPI document', () => {
  let frontend: TestFrontend
  let routes: { readonly method: string; readonly path: string; readonly operation: Operation }[] = []
  const own = {
    jobId: '',
    uploadId: '',
    output: 'web-720p',
    path: 'movie.mp4',
    preset: 'web-720p',
    code: 'gone',
  }

  before(async () => {
    frontend = await startTestFrontend({ limits: { rateRequests: 10_000, badKeysPerMinute: 10_000 } })
    const document = (await (await fetch(`${frontend.url}/openapi.json`)).json()) as Document
    routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        method: method.toUpperCase(),
        path,
        operation,
      })),
    )
    const job = await frontend.submit({ reference: 'mine' })
    await frontend.succeed(job)
    own.jobId = job.id
    own.uploadId = job.inputs[0]?.source.uploadId ?? ''
  })
  after(() => frontend.close())

  const secured = () => routes.filter(({ operation }) => operation['x-scope'] !== undefined)
  const fill = (path: string) => path.replace(/\{(\w+)\}/g, (_, name: keyof typeof own) => own[name])
  const ask = (route: { method: string; path: string }, key: string | null) => {
    const hasBody = route.method === 'POST' || route.method === 'PUT'
    return frontend.call(route.method, fill(route.path), {
      key,
      ...(hasBody && { body: '{}', headers: { 'content-type': 'application/json' } }),
    })
  }

  it('says whether it needs a key; those that do not are few and tell nothing of tenants', () => {
    assert.ok(secured().length >= 17)
    const open = routes.filter(({ operation }) => operation['x-scope'] === undefined)
    assert.deepEqual(open.map(({ path }) => path).sort(), [
      '/',
      '/docs',
      '/docs/scalar.js',
      '/docs/start.js',
      '/errors',
      '/errors/{code}',
      '/health/live',
      '/health/ready',
      '/openapi.json',
    ])
    for (const { operation } of open) assert.deepEqual(operation.security, [])
  })

  it('refuses a missing key, a malformed one, an unknown one and a revoked one, all alike', async () => {
    const revoked = await frontend.newKey('acme')
    await frontend.keys.revoke(revoked.record.id)
    for (const route of secured()) {
      for (const key of [null, '', 'rmk_short', `rmk_${'x'.repeat(43)}`, revoked.key]) {
        const answer = await ask(route, key)
        const problem = await problemIn(answer, 401, 'unauthenticated')
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="reelmill"')
        assert.ok(!JSON.stringify(problem).includes(own.jobId) || problem.instance?.includes(own.jobId))
      }
    }
  })

  it('shows a foreign key nothing of this tenant, as if it did not exist', async () => {
    const foreign = await frontend.newKey('zeta')
    for (const route of secured().filter(({ path }) => /\{(jobId|uploadId)\}/.test(path))) {
      const name = `${route.method} ${route.path}`
      const answer = await ask(route, foreign.key)
      const problem = JSON.parse(await answer.text()) as Problem
      assert.deepEqual([name, answer.status, problem.code], [name, 404, 'not-found'])
      const unknown = await frontend.call(
        route.method,
        fill(route.path)
          .replace(own.jobId || '-', 'job_unknown')
          .replace(own.uploadId || '-', 'upl_unknown'),
        {
          key: foreign.key,
          ...(route.method === 'POST' && { body: '{}', headers: { 'content-type': 'application/json' } }),
        },
      )
      const same = JSON.parse(await unknown.text()) as Problem
      const blank = (text: string | undefined) => text?.replace(/(job|upl)_\w+/g, 'ID')
      assert.equal(blank(problem.detail), blank(same.detail), name)
    }
    for (const path of ['/v1/jobs', '/v1/jobs?reference=mine', '/v1/jobs?status=succeeded']) {
      const page = (await (await frontend.call('GET', path, { key: foreign.key })).json()) as {
        items: unknown[]
      }
      assert.deepEqual(page.items, [], path)
    }
    const submit = await frontend.call('POST', '/v1/jobs', {
      key: foreign.key,
      body: JSON.stringify({
        inputs: [{ source: { uploadId: own.uploadId } }],
        outputs: [{ preset: 'web-720p' }],
      }),
      headers: { 'content-type': 'application/json' },
    })
    await problemIn(submit, 404, 'not-found')
    assert.equal((await frontend.call('GET', `/v1/jobs/${own.jobId}`)).status, 200, 'it is still there')
    assert.equal((await frontend.call('GET', `/v1/uploads/${own.uploadId}`)).status, 200, 'it is still there')
  })

  it('does not show a foreign tenant whose upload or job a deleted one was', async () => {
    const upload = await frontend.upload()
    await frontend.call('DELETE', `/v1/uploads/${upload.id}`)
    const foreign = await frontend.newKey('zeta')
    await problemIn(
      await frontend.call('GET', `/v1/uploads/${upload.id}`, { key: foreign.key }),
      404,
      'not-found',
    )
  })

  it('lets an idempotency key of one tenant stand for nothing of another', async () => {
    const foreign = await frontend.newKey('zeta')
    const begin = (key: string) =>
      frontend.call('POST', '/v1/uploads', {
        key,
        body: '{}',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'shared' },
      })
    const mine = (await (await begin(frontend.key)).json()) as { id: string }
    const theirs = (await (await begin(foreign.key)).json()) as { id: string }
    assert.notEqual(mine.id, theirs.id)
  })

  it('lets only keys with its scope in', async () => {
    const keys = {
      submit: (await frontend.newKey('acme', 'submit')).key,
      read: (await frontend.newKey('acme', 'read')).key,
      admin: (await frontend.newKey('acme', 'admin')).key,
    }
    for (const route of secured()) {
      for (const [scope, key] of Object.entries(keys)) {
        if (scope === 'admin' || scope === route.operation['x-scope']) continue
        await problemIn(await ask(route, key), 403, 'forbidden')
      }
    }
    assert.equal((await frontend.call('GET', '/v1/jobs', { key: keys.admin })).status, 200)
    assert.equal((await frontend.call('GET', '/v1/jobs', { key: keys.read })).status, 200)
  })

  it('tells an administrator of one tenant which workers there are, but not whose jobs they run', async () => {
    await frontend.beat({ id: 'wrk_9', tenant: 'zeta', job: 'job_foreign', host: 'big-box', jail: 'bwrap' })
    await frontend.beat({ id: 'wrk_8', tenant: 'acme', job: 'job_own', state: 'busy' })
    await frontend.beat({ id: 'wrk_7', state: 'drained' })
    const page = await (await frontend.call('GET', '/v1/workers')).text()
    assert.ok(page.includes('wrk_9') && page.includes('big-box') && page.includes('job_own'))
    assert.ok(!page.includes('job_foreign') && !page.includes('zeta') && !page.includes('wrk_7'))
  })
})
