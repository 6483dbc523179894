import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { systemClock } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import type { JobEventMessage } from '#shared/jobs/notifier.ts'
import { silentLog } from '#shared/log.ts'
import { checkDestination } from '#shared/webhooks/check-destination.ts'
import { eventId } from '#shared/webhooks/event.ts'
import { WebhookNotifier, type WebhookNotifierOptions } from '#shared/webhooks/webhook-notifier.ts'
import { aJob } from '../../support/a-job.ts'

interface Received {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
}

const OLD_SECRET = `whsec_${Buffer.from('the old secret of this tenant').toString('base64')}`
const NEW_SECRET = `whsec_${Buffer.from('the new secret of this tenant').toString('base64')}`

describe('webhooks over HTTP', () => {
  let server: Server
  let port: number
  let received: Received[]
  let answer: (request: IncomingMessage, response: ServerResponse) => void
  const job = aJob({ status: 'succeeded', fence: 1 })
  const message: JobEventMessage = {
    id: `${job.id}.1.job.succeeded`,
    type: 'job.succeeded',
    timestamp: '2026-01-01T00:01:00.000Z',
  }

  before(async () => {
    server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request.setEncoding('utf8')) body += chunk
      received.push({ path: request.url ?? '', headers: request.headers as Record<string, string>, body })
      answer(request, response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  after(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  beforeEach(() => {
    received = []
    answer = (_, response) => response.writeHead(204).end()
  })

  const deliver = (
    over: Partial<WebhookNotifierOptions> = {},
    url = `http://receiver.test:${port}/hook?x=1`,
    signal?: AbortSignal,
  ) =>
    new WebhookNotifier({
      secretsOf: async () => [NEW_SECRET, OLD_SECRET],
      check: (address) =>
        checkDestination(address, { allowPrivate: true, resolve: async () => ['127.0.0.1'] }),
      clock: systemClock,
      log: silentLog,
      timeoutMs: 2_000,
      ...over,
    }).deliver(job, { kind: 'webhook', url, events: ['job.succeeded'] }, message, signal)

  it('sends what a receiver with either secret of the tenant can verify', async () => {
    assert.deepEqual(await deliver(), { outcome: 'delivered' })
    const [got] = received
    assert.ok(got)
    assert.equal(got.path, '/hook?x=1')
    assert.equal(got.headers['content-type'], 'application/json')
    assert.equal(got.headers['webhook-id'], eventId(message))
    assert.equal(got.headers.host, `receiver.test:${port}`)
    for (const secret of [NEW_SECRET, OLD_SECRET]) {
      const event = new Webhook(secret).verify(got.body, got.headers) as { jobId: string }
      assert.equal(event.jobId, job.id)
    }
    const wrong = `whsec_${Buffer.from('a secret of somebody else').toString('base64')}`
    assert.throws(() => new Webhook(wrong).verify(got.body, got.headers))
  })

  it('has the same id in every repeat', async () => {
    await deliver()
    await deliver()
    assert.equal(received[0]?.headers['webhook-id'], received[1]?.headers['webhook-id'])
  })

  it('connects to the address that was checked, not to what the name says by then', async () => {
    // `receiver.test` resolves nowhere: only the pinned address can have been used.
    assert.deepEqual(await deliver(), { outcome: 'delivered' })
  })

  it('does not even connect when the address is refused', async () => {
    const refused = await deliver({
      check: (address) =>
        checkDestination(address, { allowPrivate: false, resolve: async () => ['127.0.0.1'] }),
    })
    assert.equal(refused.outcome, 'refused')
    assert.deepEqual(received, [])
  })

  it('tries again later when the name cannot be resolved now', async () => {
    const failed = await deliver({
      check: (address) =>
        checkDestination(address, {
          allowPrivate: false,
          resolve: async () => Promise.reject(new Error('EAI_AGAIN')),
        }),
    })
    assert.equal(failed.outcome, 'failed')
  })

  it('follows no redirect', async () => {
    answer = (_, response) =>
      response.writeHead(307, { location: `http://127.0.0.1:${port}/elsewhere` }).end()
    const failed = await deliver()
    assert.deepEqual(failed, {
      outcome: 'failed',
      reason: 'the receiver answered 307; redirects are not followed',
    })
    assert.equal(received.length, 1)
  })

  it('stops for good at 410 Gone, and tries again after other refusals', async () => {
    answer = (_, response) => response.writeHead(410).end()
    assert.deepEqual(await deliver(), { outcome: 'refused', reason: 'the receiver answered 410 Gone' })
    answer = (_, response) => response.writeHead(500).end()
    assert.deepEqual(await deliver(), { outcome: 'failed', reason: 'the receiver answered 500' })
  })

  it('gives up waiting for a receiver that does not answer', async () => {
    answer = () => undefined
    assert.deepEqual(await deliver({ timeoutMs: 100 }), {
      outcome: 'failed',
      reason: 'no answer within 0.1 s',
    })
  })

  it('reads no more than a little of an answer without end', async () => {
    answer = (_, response) => {
      response.writeHead(200)
      const chunk = Buffer.alloc(64 * 1024)
      const pump = (error?: Error | null) => {
        if (!error && !response.destroyed) response.write(chunk, (failed) => setImmediate(pump, failed))
      }
      pump()
    }
    assert.deepEqual(await deliver({ timeoutMs: 10_000 }), { outcome: 'delivered' })
  })

  it('takes the status for the answer though its body stalls', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('x')
    }
    assert.deepEqual(await deliver({ timeoutMs: 200 }), { outcome: 'delivered' })
  })

  it('says why when there is nobody', async () => {
    const failed = await deliver({}, 'http://receiver.test:1/')
    assert.equal(failed.outcome, 'failed')
    assert.match(failed.reason, /ECONNREFUSED/)
  })

  it('counts our own stop for no answer of the receiver', async () => {
    const stop = new AbortController()
    answer = () => stop.abort(new ReelmillError('shutting-down', 'stopping'))
    await assert.rejects(deliver({}, undefined, stop.signal), { code: 'shutting-down' })
  })
})
