import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { isoTime, systemClock } from '#shared/clock.ts'
import { uploadKey } from '#shared/jobs/keys.ts'
import { RECORD_VERSION } from '#shared/jobs/record.ts'
import type { UploadRecord } from '#shared/jobs/upload-record.ts'
import type { Job } from '../../../services/frontend/shapes/job.ts'
import type { Upload } from '../../../services/frontend/shapes/upload.ts'
import { ENVELOPE_NAMESPACE } from '../../../services/frontend/soap/soap-version.ts'
import { startTestFrontend, type TestFrontend } from '../../support/frontend.ts'
import type { MemoryMediaStore } from '../../support/memory-media-store.ts'
import { notingLog } from '../../support/noting-log.ts'
import { textOf } from '../../unit/soap/support/soap-server.ts'
import {
  recordedKey,
  recordedMovie,
  recordedUser,
  type WireForm,
  wireForms,
} from './soap-wire-forms/wire-form.ts'

const TENANT = 'recorded'

// Recorded by `node test/soap-clients/record-wire-forms.ts`; replayed without the clients, over real operations.
describe('What SOAP clients send over the wire', () => {
  for (const [stack, forms] of wireForms())
    describe(`from ${stack}`, () => {
      for (const form of forms)
        it(`does what it says: ${form.name}`, async () => {
          await using service = await startService(form)
          const answer = await replay(form, service.url)
          assertForm(form, answer)
          if (form.unasked) {
            assert.equal(answer.status, 401)
            assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic realm=/)
            assert.equal(textOf(answer.body, 'Code'), 'unauthenticated')
            assert.deepEqual(await service.stored(), [])
          } else {
            assert.ok(service.routes.includes(`/soap ${form.operation}`), service.routes.join())
            await outcome[form.operation](service, answer, stack)
          }
        })
    })
})

/** What each recorded call must have brought about. All clients say the same; each only writes it in its way. */
const outcome: Readonly<
  Record<WireForm['operation'], (service: Service, answer: Answer, stack: string) => Promise<void>>
> = {
  async UploadMovie(service, answer, stack) {
    const job = await service.jobIn(answer)
    assert.deepEqual(
      job.outputs.map(({ preset }) => preset?.replace(/@.*/, '')),
      ['web-480p'],
    )
    assert.deepEqual(Object.keys(job.metadata), ['client'])
    assert.ok(stack.startsWith(String(job.metadata.client)), `${job.metadata.client} is ${stack}`)
    const upload = await service.upload(job.inputs[0]?.source.uploadId ?? '')
    assert.equal(upload.fileName, 'clip.mp4')
    assert.equal(upload.sizeBytes, recordedMovie.length)
    assert.deepEqual(await service.stored(), [recordedMovie])
  },
  async UploadChunk(service, answer) {
    assert.equal(answer.status, 200, answer.body)
    const bytes = Number(textOf(answer.body, 'ReceivedBytes'))
    assert.ok(Math.abs(bytes - recordedMovie.length / 2) <= 1, `${bytes} bytes`)
    assert.deepEqual(await service.stored(), [recordedMovie.subarray(0, bytes)])
  },
  async SubmitJob(service, answer) {
    const job = await service.jobIn(answer)
    assert.deepEqual(
      job.inputs.map(({ source }) => source),
      [{ uploadId: 'upl_1' }],
    )
    assert.deepEqual(
      job.outputs.map(({ preset }) => preset?.replace(/@.*/, '')),
      ['poster-jpg'],
    )
  },
  async GetJob(_, answer) {
    assert.equal(answer.status, 500)
    assert.equal(textOf(answer.body, 'Code'), 'not-found')
    assert.match(textOf(answer.body, 'Message') ?? '', /job_nothing/)
    assert.equal(textOf(answer.body, 'Retryable'), 'false')
  },
}

/** The answer is in the version of the request, MTOM to MTOM, and holds one response or one fault. */
function assertForm(form: WireForm, { headers, body, status, interim }: Answer): void {
  const type = headers.get('content-type') ?? ''
  const media = form.version === '1.1' ? 'text/xml' : 'application/soap+xml'
  if (form.mtom) {
    assert.match(type, /^multipart\/related; type="application\/xop\+xml"; boundary="/)
    assert.ok(type.endsWith(`; start-info="${media}"`), type)
  } else assert.equal(type, `${media}; charset=utf-8`)
  assert.ok(body.includes(`<soap:Envelope xmlns:soap="${ENVELOPE_NAMESPACE[form.version]}"`), body)
  assert.equal(body.includes(`:Fault>`), status !== 200, body)
  if (status === 200) assert.match(body, new RegExp(`<(\\w+:)?${form.operation}Response[ >]`))
  const waits = form.headers.some((text) => text.toLowerCase() === '100-continue')
  assert.deepEqual(interim, waits ? ['HTTP/1.1 100 Continue'] : [])
}

type Service = Awaited<ReturnType<typeof startService>>

/** A frontend at the time of the recording, which knows its key, its user and its upload `upl_1`. */
async function startService(form: WireForm) {
  const { name, secret } = recordedUser
  const routes: string[] = []
  const frontend: TestFrontend = await startTestFrontend({
    clock: { ...systemClock, now: () => form.recordedAtMs },
    log: notingLog(({ level, fields }) => {
      if (level === 'info' && 'route' in fields) routes.push(String(fields.route))
    }),
    users: {
      find: async (user) =>
        user === name
          ? { secret, caller: { tenant: TENANT, keyId: 'user', scopes: ['submit', 'read'] } }
          : undefined,
    },
  })
  const { url, keys, store, media, call } = frontend
  const { key } = await keys.create({ tenant: TENANT, scopes: ['submit', 'read'], key: recordedKey })
  const at = isoTime(form.recordedAtMs)
  await store.create<UploadRecord>(uploadKey('upl_1'), {
    kind: 'upload',
    version: RECORD_VERSION,
    id: 'upl_1',
    tenant: TENANT,
    createdAt: at,
    keepUntil: at,
    metadata: {},
    ...(form.operation === 'UploadChunk'
      ? { state: 'open' }
      : { state: 'ready', key: 'elsewhere', sizeBytes: 1 }),
  })
  const read = async <T>(path: string) => (await (await call('GET', path, { key })).json()) as T
  return {
    url,
    /** What the access log calls the requests so far. */
    routes,
    upload: (id: string) => read<Upload>(`/v1/uploads/${id}`),
    async jobIn(answer: Answer): Promise<Job> {
      assert.equal(answer.status, 200, answer.body)
      return read<Job>(`/v1/jobs/${textOf(answer.body, 'Id')}`)
    },
    async stored(): Promise<readonly Buffer[]> {
      const { keys: names } = media as MemoryMediaStore
      const bodies = names.map(async (each) => {
        const object = await media.read(each)
        return object ? buffer(object.body) : Buffer.alloc(0)
      })
      return Promise.all(bodies)
    },
    [Symbol.asyncDispose]: () => frontend[Symbol.asyncDispose](),
  }
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
  /** The status lines that came before the answer's. */
  readonly interim: readonly string[]
}

/** Sends the bytes as they were recorded, the body only when the client would have, and reads to the end. */
async function replay(form: WireForm, url: string): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(headBytes(form))
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  // Who waits for `100 Continue` sends nothing more until something comes.
  if (form.headers.includes('100-continue')) await once(socket, 'data')
  for (const piece of bodyPieces(form)) socket.write(piece)
  await once(socket, 'end')
  socket.destroy()
  return parseAnswer(Buffer.concat(received).toString('latin1'))
}

function headBytes(form: WireForm): string {
  const lines: string[] = []
  for (let i = 0; i < form.headers.length; i += 2) {
    const [name = '', value = ''] = form.headers.slice(i, i + 2)
    // So that the server hangs up when it has answered.
    lines.push(`${name}: ${/^connection$/i.test(name) ? value.replace(/keep-alive/i, 'close') : value}`)
  }
  if (!lines.some((line) => /^connection:/i.test(line))) lines.push('Connection: close')
  return `POST /soap HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
}

/** The body cut so that no piece ends where a line does; framed as chunks if it was. */
function bodyPieces(form: WireForm): readonly Buffer[] {
  const body = Buffer.from(form.body.join(''), 'latin1')
  const pieces: Buffer[] = []
  for (let at = 0; at < body.length; at += 100) pieces.push(body.subarray(at, at + 100))
  if (!form.headers.some((text) => text.toLowerCase() === 'chunked')) return pieces
  const framed = pieces.map((piece) =>
    Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
  )
  return [...framed, Buffer.from('0\r\n\r\n')]
}

function parseAnswer(text: string): Answer {
  const interim: string[] = []
  let rest = text
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    const [statusLine = '', ...lines] = rest.slice(0, end).split('\r\n')
    rest = rest.slice(end + 4)
    const status = Number(statusLine.split(' ')[1])
    if (status === 100) {
      interim.push(statusLine)
      continue
    }
    const headers = new Headers(
      lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
    )
    return { status, headers, body: rest, interim }
  }
}
