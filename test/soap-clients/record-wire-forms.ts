import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request as forward, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import {
  recordedKey,
  recordedMovie,
  recordedUser,
  type WireForm,
  wireFormFolder,
} from '../integration/frontend/soap-wire-forms/wire-form.ts'
import { aJob, startSoapServer } from '../unit/soap/support/soap-server.ts'
import { type Mode, type Stack, stacks } from './stacks.ts'

// node test/soap-clients/record-wire-forms.ts [stack...]
//
// Writes down what each client sends, byte for byte, to test/integration/frontend/soap-wire-forms/, from where
// `npm test` replays it without the clients. Record again when a client or the contract changes.

const CLIENT_MS = 60_000
const KEPT = ['UploadMovie', 'UploadChunk', 'SubmitJob', 'GetJob'] as const

const folder = await mkdtemp(path.join(tmpdir(), 'reelmill-wire-forms-'))
await using service = await startSoapServer({
  key: recordedKey,
  users: { [recordedUser.name]: recordedUser.secret },
  operations: {
    // Its job has ended at once, so that clients go on.
    UploadMovie: async ({ content }) => {
      await buffer(content)
      return { ...aJob, done: true, status: 'succeeded' }
    },
    ListFiles: async () => [
      {
        output: 'o',
        file: { path: 'o.mp4', role: 'main', url: 'http://h/o.mp4', sizeBytes: 6, sha256: 'f'.repeat(64) },
      },
    ],
    FetchFile: async () => ({ body: Readable.from([Buffer.from('movie!')]), sizeBytes: 6 }),
  },
})
let recorded: WireForm[] = []
let mode: Mode | undefined
const recorder = createServer(async (req, res) => {
  const body = await buffer(req)
  const answer = await passOn(req, body)
  const bytes = await buffer(answer)
  if (req.method === 'POST' && mode) keep(mode, req, body, answer.statusCode ?? 0)
  res.writeHead(answer.statusCode ?? 500, answer.headers)
  res.end(bytes)
})
await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(recorder.address() as AddressInfo).port}/soap`

try {
  const clip = path.join(folder, 'clip.mp4')
  await writeFile(clip, recordedMovie)
  const wanted = stacks.filter(({ name }) => process.argv.length === 2 || process.argv.includes(name))
  for (const stack of wanted) await record(stack, clip)
} finally {
  recorder.closeAllConnections()
  recorder.close()
  await rm(folder, { recursive: true })
}

async function record(stack: Stack, clip: string): Promise<void> {
  const name = stack.name.toLowerCase().replaceAll(/[^a-z0-9.]+/g, '-')
  const home = path.join(folder, name)
  await mkdir(home)
  await stack.build?.(home, url)
  recorded = []
  for (mode of stack.modes) await run(stack.command(home), mode, clip, path.join(home, 'out'))
  mode = undefined
  await writeFile(`${wireFormFolder}${name}.json`, `${JSON.stringify(recorded, undefined, 2)}\n`)
  process.stdout.write(`${stack.name}: ${recorded.length} requests\n`)
}

async function run([file = '', ...args]: readonly string[], how: Mode, clip: string, out: string) {
  const env = {
    ...process.env,
    SOAP_URL: url,
    SOAP_KEY: recordedKey,
    SOAP_USER: recordedUser.name,
    SOAP_SECRET: recordedUser.secret,
    SOAP_CLIP: clip,
    SOAP_OUT: out,
    SOAP_VERSION: how.version,
    SOAP_ATTACH: how.attach,
    SOAP_AUTH: how.auth,
  }
  // A client may end with an error: this service finds every job that it is asked for.
  await new Promise<void>((resolve) => execFile(file, args, { env, timeout: CLIENT_MS }, () => resolve()))
}

function passOn(req: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
  const headers = req.rawHeaders as unknown as string[]
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  forward(service.url, { method: req.method, path: req.url, headers })
    .once('response', resolve)
    .once('error', reject)
    .end(body)
  return promise
}

/**
 * The movie in each mode, and of the first mode the other kinds of calls, and a request that waits to be asked for
 * credentials: more would say nothing new.
 */
function keep(how: Mode, req: IncomingMessage, body: Buffer, status: number): void {
  const found = /<(?:[\w-]+:)?Body[^>]*>\s*<(?:[\w-]+:)?(\w+)/.exec(body.toString('latin1'))?.[1]
  const operation = KEPT.find((name) => name === found)
  const unasked = status === 401
  const isFirstMode = recorded.every(({ name }) => name.endsWith(nameOf(how)))
  if (!operation || (!isFirstMode && (operation !== 'UploadMovie' || unasked))) return
  const name = `${operation}${unasked ? ' unasked' : ''}, ${nameOf(how)}`
  if (recorded.some((form) => form.name === name || (unasked && form.unasked))) return
  const headers = req.rawHeaders.map((text, i) =>
    /^host$/i.test(req.rawHeaders[i - 1] ?? '') ? 'recorded' : text,
  )
  recorded.push({
    name,
    operation,
    version: how.version,
    mtom: /^multipart/i.test(req.headers['content-type'] ?? ''),
    unasked,
    recordedAtMs: Date.now(),
    headers,
    body: body.toString('latin1').split(/(?<=\n)/),
  })
}

function nameOf({ version, attach, auth }: Mode): string {
  return `SOAP ${version}, ${attach === 'mtom' ? 'MTOM' : 'base64'}, ${auth}`
}
