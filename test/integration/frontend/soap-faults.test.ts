import assert from 'node:assert/strict'
import { ReelmillError } from '#shared/errors.ts'
import { startTestFrontend } from '../../support/frontend.ts'
import { MemoryMediaStore } from '../../support/memory-media-store.ts'
import { type LogLine, notingLog } from '../../support/noting-log.ts'
import { postSoap } from '../../support/post-soap.ts'
import { envelope, inNamespace } from '../../unit/soap/support/envelopes.ts'
import { textOf } from '../../unit/soap/support/soap-server.ts'

describe('what SOAP tells of an error', () => {
  const uploadMovie = envelope(
    inNamespace('UploadMovie', '<Presets><String>web-720p</String></Presets><Content>YSBtb3ZpZQ==</Content>'),
  )
  const getJob = envelope(inNamespace('GetJob', '<JobId>job_nothing</JobId>'))

  it('is nothing that only the operator should know; that stands in the log', async () => {
    const lines: LogLine[] = []
    const log = notingLog((line) => lines.push(line))
    const media = new MemoryMediaStore((verb) => {
      if (verb === 'write') throw new ReelmillError('store-unavailable', 'bucket secret-media at 10.0.0.7')
    })
    await using frontend = await startTestFrontend({ media, log })
    const answer = await postSoap(frontend, uploadMovie)
    const text = await answer.text()
    assert.equal(textOf(text, 'Code'), 'store-unavailable')
    assert.equal(textOf(text, 'Retryable'), 'true')
    assert.equal(answer.headers.get('retry-after'), '5')
    assert.ok(!text.includes('secret-media'), text)
    const logged = lines.find(({ fields }) => fields.code === 'store-unavailable')
    assert.equal(logged?.level, 'warn')
    assert.equal(logged?.fields.operation, 'UploadMovie')
    assert.match(String(logged?.fields.err), /secret-media/)
  })

  it('is counted by operation, a mistake of the client not as a failure of ours', async () => {
    const lines: LogLine[] = []
    const log = notingLog((line) => lines.push(line))
    await using frontend = await startTestFrontend({ log, settings: { metricsArePublic: true } })
    const answer = await postSoap(frontend, getJob)
    assert.equal(answer.status, 500)
    await answer.text()
    await (await postSoap(frontend, uploadMovie)).text()
    const metrics = await (await fetch(`${frontend.url}/metrics`)).text()
    for (const [operation, status] of [
      ['GetJob', 404],
      ['UploadMovie', 200],
    ])
      assert.match(
        metrics,
        new RegExp(
          `request_duration_seconds_count\\{method="POST",route="/soap ${operation}",status="${status}"\\} 1`,
        ),
      )
    const access = lines.find(({ level, fields }) => level === 'info' && fields.path === '/soap')
    const { route, status, code, tenant } = access?.fields ?? {}
    assert.deepEqual(
      { route, status, code, tenant },
      {
        route: '/soap GetJob',
        status: 500,
        code: 'not-found',
        tenant: 'acme',
      },
    )
    const logged = JSON.stringify(lines)
    assert.ok(!logged.includes(frontend.key) && !logged.includes('YSBtb3ZpZQ'), 'no key, no body')
  })
})
