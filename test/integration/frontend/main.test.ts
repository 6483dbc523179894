import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type ClientRequest, request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Health } from '../../../services/frontend/shapes/health.ts'
import { startTestCloud, type TestCloud, testCredentials } from '../../support/localcloud.ts'

const main = fileURLToPath(new URL('../../../services/frontend/main.ts', import.meta.url))

describe('the frontend as a process of its own', () => {
  let folder = ''
  let cloud: TestCloud
  const children: ChildProcess[] = []
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'reelmill-frontend-'))
    cloud = await startTestCloud()
  })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })
  after(async () => {
    await cloud[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  const stores = () => ({
    AWS_ENDPOINT_URL_S3: cloud.s3Url,
    AWS_ENDPOINT_URL_SQS: cloud.sqsUrl,
    AWS_ACCESS_KEY_ID: testCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: testCredentials.secretAccessKey,
    REELMILL_STATE_BUCKET: 'state',
    REELMILL_MEDIA_BUCKET: 'media',
    REELMILL_CREATE_BUCKETS: 'true',
    REELMILL_FIRST_KEY_FILE: path.join(folder, 'key'),
  })

  function start(environment: Record<string, string>) {
    const child = spawn(process.execPath, [main], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, REELMILL_PORT: '0', ...environment },
    })
    children.push(child)
    const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    const complaint = text(child.stderr)
    const ready = new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const { msg, url } = JSON.parse(line) as { msg: string; url?: string }
        if (msg === 'ready' && url !== undefined) resolve(url)
      })
      exit.then(async () => reject(new Error(await complaint)), reject)
    })
    ready.catch(() => undefined) // a test that waits for the end does not wait for this
    return { child, exit, complaint, ready }
  }

  it('makes a first key, becomes ready, serves, and ends in order when it is told to', async () => {
    const { child, exit, complaint, ready } = start(stores())
    const url = await ready
    const health = await fetch(`${url}/health/ready`)
    assert.equal(health.status, 200)
    assert.equal(((await health.json()) as Health).status, 'ok')
    const key = (await readFile(path.join(folder, 'key'), 'utf8')).trim()
    const jobs = await fetch(`${url}/v1/jobs`, { headers: { authorization: `Bearer ${key}` } })
    assert.deepEqual(await jobs.json(), { items: [] })
    child.kill('SIGTERM')
    assert.deepEqual(await exit, [0, null])
    assert.equal(await complaint, '')
  })

  it('ends an upload that is under way before it ends, and takes no other', async () => {
    const { child, exit, ready } = start(stores())
    const url = await ready
    const key = (await readFile(path.join(folder, 'key'), 'utf8')).trim()
    const authorization = `Bearer ${key}`
    const begun = await fetch(`${url}/v1/uploads`, { method: 'POST', headers: { authorization } })
    const { id } = (await begun.json()) as { id: string }
    const upload = request(`${url}/v1/uploads/${id}/content`, {
      method: 'PUT',
      headers: { authorization, expect: '100-continue' },
    })
    upload.flushHeaders()
    await once(upload, 'continue')
    upload.write('half a ')
    child.kill('SIGTERM')
    await untilRefused(url)
    upload.end('movie')
    assert.deepEqual(await answerOf(upload), { status: 200, upload: 'ready' })
    assert.deepEqual(await exit, [0, null])
  })

  it('says which variable is wrong, and that the store does not answer, and ends', async () => {
    const wrong = start({ ...stores(), REELMILL_PORT: 'x', REELMILL_RATE_PER_MINUTE: '0' })
    assert.deepEqual(await wrong.exit, [1, null])
    assert.match(await wrong.complaint, /REELMILL_PORT[\s\S]*REELMILL_RATE_PER_MINUTE/)
    assert.ok(!(await wrong.complaint).includes('    at '))
    const lost = start({
      ...stores(),
      AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9',
      REELMILL_CREATE_BUCKETS: 'false',
    })
    assert.deepEqual(await lost.exit, [1, null])
    assert.match(await lost.complaint, /^The state store has not answered .*ECONNREFUSED 127\.0\.0\.1:9\)\n$/)
  }).timeout(60_000)
})

/** Resolves when nobody listens at `url` any more: the stopping has begun. */
async function untilRefused(url: string): Promise<void> {
  const { port, hostname } = new URL(url)
  for (;;) {
    const probe = request({ port, host: hostname, path: '/health/live', agent: false })
    const answered = await new Promise<boolean>((resolve) => {
      probe.on('response', (response) => {
        response.resume()
        response.on('end', () => resolve(true))
      })
      probe.on('error', () => resolve(false))
      probe.end()
    })
    if (!answered) return
  }
}

async function answerOf(upload: ClientRequest) {
  const [response] = await once(upload, 'response')
  return {
    status: response.statusCode,
    upload: (JSON.parse(await text(response)) as { status: string }).status,
  }
}
