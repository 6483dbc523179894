import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import type { Job } from '../../../services/frontend/shapes/job.ts'
import type { Problem } from '../../../services/frontend/shapes/problem.ts'
import { problemIn, startTestFrontend, type TestFrontend } from '../../support/frontend.ts'
import { MemoryMediaStore } from '../../support/memory-media-store.ts'

describe('a job whose movie comes in the same request', () => {
  const form = (...parts: [string, string | Blob][]) => {
    const body = new FormData()
    for (const [name, value] of parts) {
      if (typeof value === 'string') body.append(name, value)
      else body.append(name, value, 'holiday.mov')
    }
    return body
  }
  const movie = (text = 'a movie') => new Blob([text], { type: 'video/quicktime' })
  const send = (frontend: TestFrontend, body: FormData, headers: Record<string, string> = {}) =>
    frontend.call('POST', '/v1/jobs', { body, headers })
  const stored = (frontend: TestFrontend) => (frontend.media as MemoryMediaStore).keys

  it('is submitted with all that the form says, whether the file comes last or first', async () => {
    await using frontend = await startTestFrontend()
    const fields: [string, string][] = [
      ['preset', 'web-720p'],
      ['preset', 'poster-jpg@1'],
      ['reference', 'order 7'],
      ['metadata', '{"episode":"7"}'],
      ['notify', 'https://8.8.8.8/hook'],
    ]
    for (const parts of [
      [...fields, ['file', movie()]],
      [['file', movie()], ...fields],
    ] as [string, string | Blob][][]) {
      const answer = await send(frontend, form(...parts))
      assert.equal(answer.status, 202)
      const job = (await answer.json()) as Job
      assert.equal(answer.headers.get('location'), `/v1/jobs/${job.id}`)
      assert.deepEqual(
        job.outputs.map(({ name }) => name),
        ['web-720p', 'poster-jpg'],
      )
      assert.deepEqual([job.reference, job.metadata], ['order 7', { episode: '7' }])
      assert.equal(job.notify[0]?.url, 'https://8.8.8.8/hook')
      const upload = await frontend.call('GET', `/v1/uploads/${job.inputs[0]?.source.uploadId}`)
      const { status, fileName, contentType, sizeBytes } = (await upload.json()) as Record<string, unknown>
      assert.deepEqual(
        [status, fileName, contentType, sizeBytes],
        ['ready', 'holiday.mov', 'video/quicktime', 7],
      )
    }
    assert.equal(stored(frontend).length, 2)
  })

  it('is refused, and leaves nothing stored, when anything is wrong with the rest', async () => {
    await using frontend = await startTestFrontend()
    const wrong: [[string, string | Blob][], number, string][] = [
      [[['preset', 'web-720p']], 400, 'invalid-request'],
      [[['file', movie()]], 400, 'invalid-request'],
      [
        [
          ['file', movie()],
          ['preset', 'web-1p'],
        ],
        422,
        'unknown-preset',
      ],
      [
        [
          ['preset', 'web-720p'],
          ['file', movie()],
          ['file', movie()],
        ],
        400,
        'invalid-request',
      ],
      [
        [
          ['preset', 'web-720p'],
          ['movie', movie()],
        ],
        400,
        'unknown-field',
      ],
      [
        [
          ['preset', 'web-720p'],
          ['priority', '1'],
          ['file', movie()],
        ],
        400,
        'unknown-field',
      ],
      [
        [
          ['file', movie()],
          ['preset', 'web-720p'],
          ['priority', '1'],
        ],
        400,
        'unknown-field',
      ],
      [
        [
          ['preset', 'web-720p'],
          ['reference', 'a'],
          ['reference', 'b'],
          ['file', movie()],
        ],
        400,
        'invalid-request',
      ],
      [
        [
          ['preset', 'web-720p'],
          ['metadata', '{"a":'],
          ['file', movie()],
        ],
        400,
        'malformed-body',
      ],
      [
        [
          ['preset', 'web-720p'],
          ['metadata', '["a"]'],
          ['file', movie()],
        ],
        400,
        'invalid-request',
      ],
      [
        [
          ['preset', 'web-720p'],
          ['notify', 'http://127.0.0.1/'],
          ['file', movie()],
        ],
        422,
        'destination-refused',
      ],
    ]
    for (const [parts, status, code] of wrong) {
      await problemIn(await send(frontend, form(...parts)), status, code)
      assert.deepEqual(stored(frontend), [], JSON.stringify(parts.map(([name]) => name)))
    }
    assert.equal(await frontend.queue.depth(), 0)
  })

  it('is told in the words of the form what is wrong, before the movie is stored if it can be', async () => {
    let writes = 0
    const media = new MemoryMediaStore((verb) => {
      if (verb === 'write') writes++
    })
    await using frontend = await startTestFrontend({ media })
    const preset: [string, string] = ['preset', 'web-720p']
    const file: [string, Blob] = ['file', movie()]
    const cases: [[string, string | Blob][], string][] = [
      [
        [file],
        '/preset: is missing: once for each output, such as -F preset=web-720p; GET /v1/presets lists them.',
      ],
      [[preset], '/file: is missing: send the movie in a part of this name, such as -F file=@movie.mov.'],
      [
        [preset, ['file', 'movie.mov']],
        '/file: is text and no file; with curl, @ goes before its name: -F file=@movie.mov.',
      ],
      [[preset, ['movie', movie()]], '/movie: is a file; the movie goes into the part called file.'],
      [
        [preset, ['outputs', '[]'], file],
        '/outputs: does not exist; there are preset, file, reference, metadata, notify.',
      ],
      [
        [['presets', 'web-720p'], file],
        '/presets: does not exist. Did you mean preset? There are preset, file, reference, metadata, notify.',
      ],
      [[preset, ['captions', 'x'], file], '/captions: is reserved for a later version; leave it out.'],
      [
        [preset, ['preset', 'web-720p@1'], file],
        '/preset: web-720p comes twice, and a form cannot name outputs; to make it twice, submit JSON.',
      ],
      [[['preset', 'web-1p'], file], '/preset: There is no preset web-1p. There are: '],
      [[['preset', ''], file], '/preset: must not be empty.'],
      [[preset, ['metadata', '{"a":"1","a":"2"}'], file], '/metadata/a: comes twice; say it once.'],
      [[preset, ['metadata', '{"a":'], file], 'The field metadata is not well-formed JSON in UTF-8 ('],
      [[preset, ['metadata', '{"a":7}'], file], '/metadata/a: must be text, not 7.'],
      [[preset, ['notify', 'x'.repeat(3_000)], file], '/notify: must have at most 2048 letters, not 3000.'],
      [
        [preset, ['notify', 'http://127.0.0.1/'], file],
        '127.0.0.1 leads to 127.0.0.1, which is not a public address. Use a public one, or ask the operator to set ',
      ],
    ]
    for (const [parts, detail] of cases) {
      const answer = (await (await send(frontend, form(...parts))).json()) as Problem
      assert.ok(answer.detail?.startsWith(detail), `${answer.detail} and not ${detail}`)
      const isOnlyFile = parts.length === 1 && parts[0]?.[0] === 'file'
      assert.equal(writes, isOnlyFile ? 1 : 0, detail)
      writes = 0
      assert.deepEqual(stored(frontend), [])
    }
  })

  it('is one for one idempotency key when the same movie comes with it, and keeps one copy', async () => {
    await using frontend = await startTestFrontend()
    const submit = (content: string, preset = 'web-720p') =>
      send(frontend, form(['preset', preset], ['file', movie(content)]), { 'idempotency-key': 'k' })
    const first = (await (await submit('a movie')).json()) as Job
    const again = (await (await submit('a movie')).json()) as Job
    assert.equal(again.id, first.id)
    assert.equal(stored(frontend).length, 1)
    await problemIn(await submit('other movie'), 422, 'idempotency-mismatch')
    await problemIn(await submit('a movie', 'poster-jpg'), 422, 'idempotency-mismatch')
    assert.equal(stored(frontend).length, 1)
  })

  it('is refused when the form is cut off or is none, and leaves nothing stored', async () => {
    await using frontend = await startTestFrontend()
    const raw = (body: string, type = 'multipart/form-data; boundary=b') =>
      frontend.call('POST', '/v1/jobs', { body, headers: { 'content-type': type } })
    const start = '--b\r\ncontent-disposition: form-data; name="preset"\r\n\r\nweb-720p\r\n'
    const file = '--b\r\ncontent-disposition: form-data; name="file"; filename="a.mov"\r\n\r\nhalf a mov'
    await problemIn(await raw(start + file), 400, 'malformed-body')
    await problemIn(await raw(`${file}\r\n${start}`), 400, 'malformed-body')
    await problemIn(await raw(start, 'multipart/form-data'), 400, 'malformed-body')
    await problemIn(await raw('nothing like it'), 400, 'malformed-body')
    await problemIn(await raw(''), 400, 'malformed-body')
    assert.deepEqual(stored(frontend), [])
  })

  it('leaves nothing stored when the client goes away in the middle of the movie', async () => {
    await using frontend = await startTestFrontend()
    const client = request(new URL('/v1/jobs', frontend.url), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${frontend.key}`,
        'content-type': 'multipart/form-data; boundary=b',
        expect: '100-continue',
      },
    })
    client.on('error', () => undefined)
    client.flushHeaders()
    await once(client, 'continue')
    client.write('--b\r\ncontent-disposition: form-data; name="file"; filename="a.mov"\r\n\r\nhalf a mov')
    const hints = () => [...frontend.objects.snapshot('u/').values()]
    while (hints().length === 0) await new Promise(setImmediate)
    client.destroy()
    while (!hints().some((record) => record.includes('tombstone'))) await new Promise(setImmediate)
    assert.deepEqual(stored(frontend), [])
  })

  it('is refused with 413 as soon as the movie is too large', async () => {
    await using frontend = await startTestFrontend({ limits: { maxUploadBytes: 1_000 } })
    const answer = await send(frontend, form(['preset', 'web-720p'], ['file', movie('x'.repeat(2_000))]))
    await problemIn(answer, 413, 'too-large')
    assert.deepEqual(stored(frontend), [])
  })
})
