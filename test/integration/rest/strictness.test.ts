import assert from 'node:assert/strict'
import type { Problem } from '../../../services/frontend/shapes/problem.ts'
import { problemIn, startTestFrontend, type TestFrontend } from '../../support/frontend.ts'

describe('a request', () => {
  let frontend: TestFrontend
  let uploadId = ''
  before(async () => {
    frontend = await startTestFrontend({ limits: { maxBodyBytes: 20_000, rateRequests: 10_000 } })
    uploadId = (await frontend.upload()).id
  })
  after(() => frontend.close())

  const valid = () => ({ inputs: [{ source: { uploadId } }], outputs: [{ preset: 'web-720p' }] })
  const submit = (body: unknown) => frontend.send('POST', '/v1/jobs', body)
  const pointers = (problem: Problem) => problem.errors?.map(({ pointer, code }) => `${pointer} ${code}`)

  it('with a field that does not exist is refused by name, wherever it is', async () => {
    const [input] = valid().inputs
    const bodies: [object, string][] = [
      [{ ...valid(), priority: 1 }, '/priority'],
      [{ ...valid(), nul: null }, '/nul'],
      [{ ...valid(), 'a/b~c': [] }, '/a~1b~0c'],
      [{ ...valid(), inputs: [{ ...input, sauce: {} }] }, '/inputs/0/sauce'],
      [{ ...valid(), inputs: [{ source: { uploadId, size: 5 } }] }, '/inputs/0/source/size'],
      [{ ...valid(), outputs: [{ preset: 'web-720p', overides: {} }] }, '/outputs/0/overides'],
      [
        { ...valid(), outputs: [{ preset: 'web-720p', overrides: { video: { quality: 1 } } }] },
        '/outputs/0/overrides/video/quality',
      ],
      [
        { ...valid(), notify: [{ kind: 'webhook', url: 'https://a.example', retries: 1 }] },
        '/notify/0/retries',
      ],
    ]
    for (const [body, pointer] of bodies) {
      const problem = await problemIn(await submit(body), 400, 'unknown-field')
      assert.deepEqual(pointers(problem), [`${pointer} unknown-field`])
      assert.ok(problem.detail?.includes(pointer))
    }
  })

  it('for a preset that does not exist is told which there are: 404 in a path, 422 in a job', async () => {
    const asked = await frontend.call('GET', '/v1/presets/web-721p')
    const wanted = await submit({ ...valid(), outputs: [{ preset: 'web-721p' }] })
    assert.match((await problemIn(asked, 404, 'not-found')).detail ?? '', /There are: web-1080p, /)
    assert.match((await problemIn(wanted, 422, 'unknown-preset')).detail ?? '', /There are: web-1080p, /)
  })

  it('with a reserved field or value is refused by name as not supported', async () => {
    const output = { preset: 'web-720p' }
    const bodies: [object, string][] = [
      ...[
        ['tags', { a: 'b' }],
        ['destination', { url: 's3://x/y/' }],
        ['schedule', { priority: 5 }],
        ['template', 'x'],
        ['chapters', [{}]],
        ['onOutputFailure', 'go-on'],
        ['retention', {}],
        ['engineVersion', '1'],
        ['estimateId', 'est_1'],
      ].map(([name, value]): [object, string] => [{ ...valid(), [String(name)]: value }, `/${name}`]),
      ...[
        'id',
        'role',
        'clips',
        'tracks',
        'language',
        'label',
        'offsetSec',
        'crop',
        'assume',
        'decryption',
      ].map((name): [object, string] => [
        { ...valid(), inputs: [{ source: { uploadId }, [name]: 'x' }] },
        `/inputs/0/${name}`,
      ]),
      ...['versionId', 'etag', 'connection'].map((name): [object, string] => [
        { ...valid(), inputs: [{ source: { uploadId, [name]: 'x' } }] },
        `/inputs/0/source/${name}`,
      ]),
      ...['settings', 'optional', 'path', 'clip', 'destination'].map((name): [object, string] => [
        { ...valid(), outputs: [{ ...output, [name]: 'x' }] },
        `/outputs/0/${name}`,
      ]),
      // Where people look for them first, and what others call them.
      ...['captions', 'drm', 'encryption', 'ladder', 'overlays', 'packaging', 'sprite'].flatMap(
        (name): [object, string][] => [
          [{ ...valid(), [name]: {} }, `/${name}`],
          [{ ...valid(), outputs: [{ ...output, [name]: {} }] }, `/outputs/0/${name}`],
          [
            { ...valid(), outputs: [{ ...output, overrides: { [name]: {} } }] },
            `/outputs/0/overrides/${name}`,
          ],
        ],
      ),
      ...['job.running', 'job.delivered', 'output.ready'].map((event): [object, string] => [
        { ...valid(), notify: [{ kind: 'webhook', url: 'https://a.example', events: [event] }] },
        '/notify/0/events/0',
      ]),
      [{ ...valid(), outputs: [{ ...output, kind: 'adaptive' }] }, '/outputs/0/kind'],
      [{ ...valid(), outputs: [{ ...output, overrides: { ladder: {} } }] }, '/outputs/0/overrides/ladder'],
      [
        { ...valid(), outputs: [{ ...output, overrides: { video: { codec: 'av1' } } }] },
        '/outputs/0/overrides/video/codec',
      ],
      [{ ...valid(), notify: [{ kind: 'sns', url: 'arn:x' }] }, '/notify/0/kind'],
      [
        { ...valid(), notify: [{ kind: 'webhook', url: 'https://a.example', progressEverySec: 5 }] },
        '/notify/0/progressEverySec',
      ],
    ]
    for (const [body, pointer] of bodies) {
      const problem = await problemIn(await submit(body), 422, 'not-supported')
      assert.deepEqual(pointers(problem), [`${pointer} not-supported`])
    }
  })

  it('with a wrong type, length or value is refused, all of it at once', async () => {
    const problem = await problemIn(
      await submit({
        inputs: [{ source: {} }],
        outputs: [{ preset: 7 }, { preset: 'web-720p', name: 'a/b' }],
        reference: 'x'.repeat(256),
        metadata: { 'a b': 'c' },
      }),
      400,
      'invalid-request',
    )
    assert.deepEqual(problem.errors?.map(({ pointer }) => pointer).sort(), [
      '/inputs/0/source',
      '/metadata/a b',
      '/outputs/0/preset',
      '/outputs/1/name',
      '/reference',
    ])
    await problemIn(await submit({}), 400, 'invalid-request')
    await problemIn(await submit({ ...valid(), inputs: [] }), 400, 'invalid-request')
    await problemIn(await submit([]), 400, 'invalid-request')
    const two = [...valid().inputs, ...valid().inputs]
    await problemIn(await submit({ ...valid(), inputs: two }), 400, 'invalid-request')
  })

  it('is told what would have been right', async () => {
    const told = async (body: unknown) => (await (await submit(body)).json()) as Problem
    const cases: [object, string][] = [
      [
        { ...valid(), output: [] },
        '/output: does not exist. Did you mean outputs? There are inputs, outputs, reference, metadata, notify.',
      ],
      [
        { ...valid(), preset: 'web-720p' },
        '/preset: does not exist. Did you mean outputs[].preset? There are inputs, outputs, reference, metadata, notify.',
      ],
      [
        { ...valid(), outputs: [] },
        '/outputs: is an empty list. It must be there: what is to come out, 1 to 20, such as [{"preset": "web-720p"}].',
      ],
      [
        { ...valid(), inputs: [{ source: { uploadId: 'upl/1' } }] },
        '/inputs/0/source/uploadId: must be an id such as upl_01KDQ3XJ5V0000000000000000.',
      ],
      [
        { ...valid(), outputs: [{ preset: 'web-720p', kind: 'movie' }] },
        '/outputs/0/kind: must be file or stills, not "movie".',
      ],
    ]
    for (const [body, detail] of cases) assert.equal((await told(body)).detail, detail)
    const query = (await (await frontend.call('GET', '/v1/jobs?page=2')).json()) as Problem
    assert.equal(
      query.detail,
      'The parameter page: does not exist; there are status, reference, limit, cursor.',
    )
  })

  it('may say null or an empty list for what it leaves out', async () => {
    const answer = await submit({ ...valid(), reference: null, notify: [], tags: null, chapters: [] })
    assert.equal(answer.status, 202)
  })

  it('must be JSON in UTF-8, of a bounded size, and say so', async () => {
    const raw = (body: string | Uint8Array, type: string | undefined = 'application/json') =>
      frontend.call('POST', '/v1/jobs', { body: body as string, headers: { 'content-type': type } })
    await problemIn(await raw('{"inputs":'), 400, 'malformed-body')
    await problemIn(await raw(''), 400, 'malformed-body')
    await problemIn(await raw(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), 400, 'malformed-body')
    const other = await raw('a=b', 'application/x-www-form-urlencoded')
    const { detail } = await problemIn(other, 415, 'unsupported-media-type')
    assert.match(detail ?? '', /x-www-form-urlencoded.*application\/json.*multipart\/form-data/)
    const zipped = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const init = { body: '{}', headers: zipped }
    await problemIn(await frontend.call('POST', '/v1/jobs', init), 415, 'unsupported-media-type')
    const large = await problemIn(await raw(`{"x":"${'y'.repeat(20_000)}"}`), 413, 'too-large')
    assert.match(large.detail ?? '', /20000 bytes.*POST \/v1\/uploads/)
    const cut = await problemIn(await raw('{"inputs":'), 400, 'malformed-body')
    assert.match(cut.detail ?? '', /Unexpected end of JSON input/)
    const stream = new Blob([`{"x":"${'y'.repeat(20_000)}"}`]).stream()
    const streamed = {
      body: stream,
      duplex: 'half',
      headers: { 'content-type': 'application/json' },
    } as RequestInit
    await problemIn(await frontend.call('POST', '/v1/jobs', streamed), 413, 'too-large')
    await problemIn(await raw('{"__proto__":{"isAdmin":true}}'), 400, 'unknown-field')
    await problemIn(await raw('{"metadata":{"__proto__":"x"}}'), 400, 'unknown-field')
    assert.equal(({} as { isAdmin?: boolean }).isAdmin, undefined)
  })

  it('must not say a name twice in one object, nor nest without end', async () => {
    const raw = (body: string) =>
      frontend.call('POST', '/v1/jobs', { body, headers: { 'content-type': 'application/json' } })
    const { inputs, outputs } = valid()
    const rest = `"inputs":${JSON.stringify(inputs)},"outputs":${JSON.stringify(outputs)}`
    for (const [body, pointer] of [
      [`{${rest},"reference":"a","reference":"b"}`, '/reference'],
      [`{${rest},"reference":"a","refe\\u0072ence":"a"}`, '/reference'],
      [`{${rest},"metadata":{"a":"1","b":"2","a":"1"}}`, '/metadata/a'],
      [`{"inputs":${JSON.stringify(inputs)},"outputs":[{"preset":"a","preset":"b"}]}`, '/outputs/0/preset'],
    ] as const) {
      const problem = await problemIn(await raw(body), 400, 'invalid-request')
      assert.deepEqual(pointers(problem), [`${pointer} invalid-request`])
      assert.equal(problem.detail, `${pointer}: comes twice; say it once.`)
    }
    const deep = await problemIn(
      await raw(`{"metadata":${'['.repeat(9_000)}${']'.repeat(9_000)}}`),
      400,
      'invalid-request',
    )
    assert.match(deep.detail ?? '', /nested more than 100 deep/)
  })

  it('that stalls in the middle of its body is given up', async () => {
    await using slow = await startTestFrontend({ limits: { bodyMs: 30 } })
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"inputs":')),
    })
    const init = { body, duplex: 'half', headers: { 'content-type': 'application/json' } } as RequestInit
    await problemIn(await slow.call('POST', '/v1/jobs', init), 408, 'request-timeout')
  })

  it('has strict query parameters, too', async () => {
    const get = (query: string) => frontend.call('GET', `/v1/jobs?${query}`)
    const unknown = await problemIn(await get('stauts=queued'), 400, 'unknown-field')
    assert.deepEqual(pointers(unknown), ['stauts unknown-field'])
    for (const query of [
      'limit=0',
      'limit=201',
      'limit=x',
      'status=done',
      'cursor=nonsense',
      'limit=1&limit=2',
    ]) {
      const problem = await problemIn(await get(query), 400, 'invalid-request')
      assert.equal(problem.errors?.[0]?.pointer, query.split('=')[0], query)
    }
    assert.equal((await get('limit=200')).status, 200)
    const twice = await problemIn(await get('limit=1&limit=2'), 400, 'invalid-request')
    assert.equal(twice.detail, 'The parameter limit: comes twice; say it once.')
    const job = await frontend.submit()
    for (const [method, path] of [
      ['GET', `/v1/jobs/${job.id}?expand=1`],
      ['POST', '/v1/uploads?fileName=a.mov'],
      ['POST', `/v1/jobs/${job.id}/cancel?force`],
      ['GET', '/v1/presets?page=2'],
      ['GET', '/v1/fleet?x'],
    ] as const) {
      await problemIn(await frontend.call(method, path), 400, 'unknown-field')
    }
  })

  it('that takes no body is refused with one that says something', async () => {
    const job = await frontend.submit()
    const cancel = await frontend.send('POST', `/v1/jobs/${job.id}/cancel`, { force: true })
    await problemIn(cancel, 400, 'unknown-field')
    assert.equal((await frontend.send('POST', `/v1/jobs/${job.id}/cancel`, {})).status, 200)
  })

  it('is answered with problem details that name its id, the page of the code and what to do', async () => {
    const answer = await frontend.call('GET', '/v1/jobs/job_1', {
      headers: { 'x-request-id': 'my-request.7' },
    })
    const problem = await problemIn(answer, 404, 'not-found')
    assert.equal(answer.headers.get('content-type'), 'application/problem+json')
    assert.equal(answer.headers.get('x-request-id'), 'my-request.7')
    assert.deepEqual(problem, {
      type: `${frontend.url}/errors/not-found`,
      title: 'There is no such thing',
      status: 404,
      detail: 'There is no job job_1. GET /v1/jobs lists yours.',
      instance: '/v1/jobs/job_1',
      code: 'not-found',
      retry: 'never',
      requestId: 'my-request.7',
    })
    const page = await (await fetch(problem.type)).json()
    assert.equal((page as { code: string }).code, 'not-found')
  })

  it('gets an id of its own when it brings none, or one that would garble the log', async () => {
    for (const given of [{}, { 'x-request-id': 'a b' }, { 'x-request-id': 'x'.repeat(65) }]) {
      const answer = await frontend.call('GET', '/health/live', { headers: given as Record<string, string> })
      assert.match(answer.headers.get('x-request-id') ?? '', /^req_/)
    }
  })

  it('to a path or with a method that does not exist is told what there is', async () => {
    await problemIn(await frontend.call('GET', '/v2/jobs'), 404, 'not-found')
    const answer = await frontend.call('PATCH', '/v1/jobs')
    await problemIn(answer, 405, 'method-not-allowed')
    assert.equal(answer.headers.get('allow'), 'POST, GET, HEAD')
    for (const id of ['%ff', 'a%2Fb', '..%2f', 'x'.repeat(65)]) {
      await problemIn(await frontend.call('GET', `/v1/jobs/${id}`), 404, 'not-found')
    }
  })
})
