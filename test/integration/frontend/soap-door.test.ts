import assert from 'node:assert/strict'
import { routesLeftOut } from '../../../services/frontend/soap/contract/left-out.ts'
import { operations } from '../../../services/frontend/soap/contract/operations.ts'
import { startTestFrontend } from '../../support/frontend.ts'
import { postSoap } from '../../support/post-soap.ts'
import { envelope, inNamespace } from '../../unit/soap/support/envelopes.ts'

describe('SOAP and REST behind one door', () => {
  it('serve the same job to the same key, and count against the same rate', async () => {
    await using frontend = await startTestFrontend({ limits: { rateRequests: 5 } })
    const job = await frontend.submit({ reference: 'both' })
    const getJob = envelope(inNamespace('GetJob', `<JobId>${job.id}</JobId>`))
    const call = (key: string) => postSoap({ url: frontend.url, key }, getJob)
    const answer = await call(frontend.key)
    const body = await answer.text()
    assert.equal(answer.status, 200, body)
    assert.match(answer.headers.get('x-request-id') ?? '', /^req_/)
    assert.ok(body.includes(job.id) && body.includes('both'))
    const foreign = await (await call((await frontend.newKey('zeta')).key)).text()
    assert.ok(foreign.includes('not-found') && !foreign.includes('both'))
    assert.equal((await call(`rmk_${'x'.repeat(43)}`)).status, 401)
    await call(frontend.key)
    assert.ok((await (await call(frontend.key)).text()).includes('rate-limited'))
    assert.equal((await frontend.call('GET', '/v1/presets')).status, 429)
  })

  it('have the same operations, but for those that SOAP leaves out with a reason', async () => {
    await using frontend = await startTestFrontend()
    const document = (await (await fetch(`${frontend.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { operationId?: string }>>
    }
    const inRest = Object.values(document.paths).flatMap((path) =>
      Object.values(path).flatMap(({ operationId }) => operationId ?? []),
    )
    const inSoap = new Set<string>(operations.map(({ name }) => name))
    const names: Record<string, string> = { deleteUpload: 'AbortUpload', getFile: 'FetchFile' }
    const missing = inRest.filter(
      (id) => !inSoap.has(names[id] ?? `${id.charAt(0).toUpperCase()}${id.slice(1)}`),
    )
    assert.deepEqual(missing.toSorted(), routesLeftOut.map(({ what }) => what).toSorted())
  })
})
