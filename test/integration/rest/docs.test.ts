import assert from 'node:assert/strict'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { errorCatalogue } from '#shared/error-codes.ts'
import { startTestFrontend, type TestFrontend } from '../../support/frontend.ts'

describe('the documentation', () => {
  let frontend: TestFrontend
  before(async () => {
    frontend = await startTestFrontend()
  })
  after(() => frontend.close())

  const get = (path: string, accept = '*/*') => fetch(new URL(path, frontend.url), { headers: { accept } })

  it('is an OpenAPI 3.1 document in which a linter finds nothing', async () => {
    const source = await (await get('/openapi.json')).text()
    const config = await createConfig({
      extends: ['recommended-strict'],
      rules: {
        'no-server-example.com': 'off', // a service on loopback really is there
        'operation-2xx-response': 'off', // a file is always answered with a redirect
      },
    })
    const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config })
    assert.deepEqual(
      problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`),
      [],
    )
    assert.match((JSON.parse(source) as { openapi: string }).openapi, /^3\.1\./)
  })

  it('names every route that is served, and says what it answers', async () => {
    const document = (await (await get('/openapi.json')).json()) as { paths: Record<string, object> }
    for (const { method, path } of frontend.routes) assert.ok(path in document.paths, `${method} ${path}`)
    const schemas = (document as unknown as { components: { schemas: object } }).components.schemas
    for (const name of [
      'CreateJob',
      'Job',
      'Upload',
      'OutputResult',
      'Problem',
      'Preset',
      'Stream',
      'Health',
    ]) {
      assert.ok(name in schemas, name)
    }
  })

  it('is shown by a page whose every script comes from this very service', async () => {
    const page = await get('/docs')
    const html = await page.text()
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
    const sources = [...html.matchAll(/src="([^"]+)"/g)].map(([, source = '']) => source)
    assert.deepEqual(sources, ['/docs/scalar.js', '/docs/start.js'])
    for (const source of sources) {
      const script = await get(source)
      assert.equal(script.headers.get('content-type'), 'text/javascript; charset=utf-8')
      assert.ok((await script.text()).includes('Scalar'))
    }
  })

  it('is where a browser is led that comes to the door, and others are told where it is', async () => {
    const page = await fetch(new URL('/', frontend.url), {
      headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
      redirect: 'manual',
    })
    assert.deepEqual([page.status, page.headers.get('location')], [302, '/docs'])
    assert.equal(page.headers.get('vary'), 'Accept')
    const told = await get('/')
    assert.equal(told.status, 200)
    const { service, ...paths } = (await told.json()) as Record<string, string>
    assert.equal(service, 'Reelmill')
    for (const path of Object.values(paths)) assert.equal((await get(path)).status, 200, path)
  })

  it('explains every error code, to programs and to people', async () => {
    for (const [code, entry] of Object.entries(errorCatalogue)) {
      const json = (await (await get(`/errors/${code}`)).json()) as { code: string; help: string }
      assert.equal(json.code, code)
      assert.equal(json.help, entry.help)
      const page = await get(`/errors/${code}`, 'text/html,application/xhtml+xml')
      assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
      assert.ok((await page.text()).includes(`<code>${code}</code>`))
    }
    const list = (await (await get('/errors')).json()) as { items: unknown[] }
    assert.equal(list.items.length, Object.keys(errorCatalogue).length)
    assert.ok((await (await get('/errors', 'text/html')).text()).includes('/errors/gone'))
    assert.equal((await get('/errors/toString')).status, 404)
    assert.equal((await get('/errors/%3Cscript%3E', 'text/html')).status, 404)
  })
})
