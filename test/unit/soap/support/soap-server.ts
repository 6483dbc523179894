import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import Koa from 'koa'
import { ReelmillError } from '#shared/errors.ts'
import { silentLog } from '#shared/log.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import { basicAuthorization } from '../../../../scripts/stack/basic-authorization.ts'
import { problems } from '../../../../services/frontend/rest/middleware/problems.ts'
import { unreadBody } from '../../../../services/frontend/rest/middleware/unread-body.ts'
import { authenticate, type Identities } from '../../../../services/frontend/soap/security/authenticate.ts'
import { defaultSoapLimits, type SoapLimits } from '../../../../services/frontend/soap/soap-limits.ts'
import { type SoapState, soapMiddleware } from '../../../../services/frontend/soap/soap-middleware.ts'
import type { Call, SoapOperations } from '../../../../services/frontend/soap/soap-operations.ts'

export const KEY = 'rmk_test_key_of_twenty_characters'
export const basic = basicAuthorization(KEY)
export const readKey = 'rmk_read_only_key_of_many_characters'

export const aJob = {
  id: 'job_1',
  revision: 3,
  status: 'queued',
  done: false,
  inputs: [{ id: 'in1', source: { uploadId: 'upl_1' } }],
  outputs: [],
  metadata: { k: 'v' },
  notify: [],
  warnings: [],
  attempts: [],
  delivery: { status: 'none' },
  createdAt: '2026-01-31T12:00:00.000Z',
}

export interface SeenCall {
  readonly name: string
  readonly request: Readonly<Record<string, unknown>>
  readonly tenant: string
  /** What arrived of the movie, whole or not. */
  readonly content: Buffer
  readonly failure?: unknown
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/**
 * A SOAP room on a free port over operations that only remember what they got. A real one stores the movie; this
 * one collects it, and fails as the movie does. Dispose of it.
 */
export async function startSoapServer(
  options: {
    limits?: Partial<SoapLimits>
    operations?: Partial<SoapOperations>
    key?: string
    users?: Record<string, string>
    now?: () => number
  } = {},
) {
  const calls: SeenCall[] = []
  const limits = { ...defaultSoapLimits, ...options.limits }
  const taken = new Set<string>()
  const caller = (scopes: Caller['scopes']): Caller => ({ tenant: 'acme', keyId: 'key_1', scopes })
  const identities: Identities = {
    async byKey(key) {
      if (key === (options.key ?? KEY)) return caller(['submit', 'read'])
      if (key === readKey) return caller(['read'])
      throw new ReelmillError('unauthenticated', 'This key does not exist or is revoked.')
    },
    async byUser(user) {
      const secret = options.users?.[user]
      return secret === undefined ? undefined : { secret, caller: caller(['submit', 'read']) }
    },
    nonces: {
      async take(nonce) {
        const fresh = !taken.has(nonce)
        taken.add(nonce)
        return fresh
      },
    },
    clock: { now: options.now ?? (() => Date.now()) },
    createdWindowMs: limits.createdWindowMs,
  }
  const record = (name: string, value: unknown) => async (call: Call) => {
    const parts: Buffer[] = []
    const seen = () => ({
      name,
      request: call.request,
      tenant: call.caller.tenant,
      content: Buffer.concat(parts),
    })
    try {
      for await (const chunk of call.content) parts.push(chunk as Buffer)
    } catch (error) {
      calls.push({ ...seen(), failure: error })
      throw error
    }
    calls.push(seen())
    return value
  }
  const upload = {
    id: 'upl_1',
    status: 'open',
    metadata: {},
    createdAt: aJob.createdAt,
    expiresAt: aJob.createdAt,
  }
  const operations = {
    ...Object.fromEntries(
      ['UploadMovie', 'SubmitJob', 'GetJob', 'CancelJob', 'RetryJob'].map((name) => [
        name,
        record(name, aJob),
      ]),
    ),
    ...Object.fromEntries(
      ['BeginUpload', 'UploadChunk', 'CompleteUpload'].map((name) => [name, record(name, upload)]),
    ),
    AbortUpload: record('AbortUpload', true),
    DeleteJob: record('DeleteJob', true),
    ListJobs: record('ListJobs', { items: [aJob], nextCursor: 'next' }),
    ListPresets: record('ListPresets', []),
    ListFiles: record('ListFiles', []),
    GetFileUrl: record('GetFileUrl', { url: 'http://store/x?a=1&b=2', expiresAt: aJob.createdAt }),
    FetchFile: async () => ({ body: Readable.from([Buffer.from('mov'), Buffer.from('ie!')]), sizeBytes: 6 }),
    ...options.operations,
  } as unknown as SoapOperations
  const app = new Koa<SoapState>()
  app.silent = true
  app.use((ctx, next) => {
    ctx.state.requestId = 'req_test'
    ctx.state.log = silentLog
    return next()
  })
  app.use(unreadBody())
  app.use(problems('http://localhost'))
  app.use(
    soapMiddleware({
      limits,
      operations,
      authenticate: (credentials) => authenticate(credentials, identities),
      beginBody: () => undefined,
    }),
  )
  const handle = app.callback()
  const server = createServer((req, res) => void handle(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/soap`

  return {
    url,
    port,
    calls,
    async post(body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> {
      const response = await fetch(url, {
        method: 'POST',
        body: body as string,
        headers: { 'content-type': 'text/xml; charset=utf-8', authorization: basic, ...headers },
      })
      return { status: response.status, headers: response.headers, text: await response.text() }
    },
    /** The only call so far. */
    only(): SeenCall {
      const [call] = calls
      assert.ok(call && calls.length === 1, `${calls.length} calls`)
      return call
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** The content of the first element with this local name. */
export function textOf(xml: string, name: string): string | undefined {
  return new RegExp(`<(?:\\w+:)?${name}(?: [^>]*)?>([^<]*)</`).exec(xml)?.[1]
}
