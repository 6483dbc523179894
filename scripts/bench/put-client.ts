import { hash, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { hashCanonicalRequest } from '../../services/localcloud/sigv4/canonical-request.ts'
import { hmac, SigningKeys, scopeText } from '../../services/localcloud/sigv4/signing-key.ts'

// A process of its own that sends PUTs as fast as they are answered: it must not be what limits the store. So the
// requests are signed before the clock starts, and the answers are only looked at.
//
// It is sent a PutTask, answers 'ready', is sent 'go', and answers a PutRound.

export interface PutTask {
  readonly s3Url: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly bucket: string
  /** Connections that each wait for an answer before they send the next request. */
  readonly clients: number
  /** Of all clients together. */
  readonly puts: number
  readonly writesOfARecord: number
  readonly bodyBytes: number
}

export interface PutRound {
  readonly wallMs: number
  /** Of this process. */
  readonly cpuMs: number
  /** The first answer that was not 200. */
  readonly failed?: string
}

let prepared: { readonly task: PutTask; readonly requests: readonly Buffer[][] } | undefined

process.on('message', (message: PutTask | 'go') => {
  if (message !== 'go') {
    prepared = { task: message, requests: requestsOf(message) }
    process.send?.('ready')
  } else if (prepared) void run(prepared.task, prepared.requests).then((round) => process.send?.(round))
})

async function run({ s3Url }: PutTask, requests: readonly Buffer[][]): Promise<PutRound> {
  const { hostname, port } = new URL(s3Url)
  const sockets = await Promise.all(requests.map(() => connected(hostname, Number(port))))
  const startedMs = performance.now()
  const cpu = process.cpuUsage()
  try {
    await Promise.all(sockets.map((socket, i) => sendAll(socket, requests[i] ?? [])))
    const { user, system } = process.cpuUsage(cpu)
    return { wallMs: performance.now() - startedMs, cpuMs: (user + system) / 1000 }
  } catch (error) {
    return { wallMs: 0, cpuMs: 0, failed: error instanceof Error ? error.message : String(error) }
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

function connected(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    socket.once('connect', () => resolve(socket)).once('error', reject)
  })
}

/** One request after another on one connection. */
function sendAll(socket: Socket, requests: readonly Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0
    let answer = ''
    const send = () => {
      const request = requests[next++]
      if (request) socket.write(request)
      else resolve()
    }
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      if (!isWhole(answer)) return
      if (!answer.startsWith('HTTP/1.1 200')) return reject(new Error(answer))
      answer = ''
      send()
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the connection was closed')))
    send()
  })
}

/** Whether an answer is there to its end. */
function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n')
  if (end === -1) return false
  const head = answer.slice(0, end).toLowerCase()
  if (head.includes('\r\ntransfer-encoding: chunked')) return answer.endsWith('0\r\n\r\n')
  const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0)
  return answer.length >= end + 4 + length
}

/** For each client its requests in order: a record made, then swapped, then the next record. */
function requestsOf(task: PutTask): Buffer[][] {
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const keys = new SigningKeys()
  const round = randomBytes(6).toString('hex')
  return Array.from({ length: task.clients }, (_, client) => {
    let etag: string | undefined
    return Array.from({ length: Math.ceil(task.puts / task.clients) }, (_, i) => {
      const record = Math.floor(i / task.writesOfARecord)
      if (i % task.writesOfARecord === 0) etag = undefined
      const body = randomBytes(task.bodyBytes / 2).toString('hex')
      const condition = etag === undefined ? { 'if-none-match': '*' } : { 'if-match': `"${etag}"` }
      // The ETag of what is put in one piece is known before: the MD5 of its bytes.
      etag = hash('md5', body)
      return signed(task, keys, timestamp, `j/bench/${round}-${client}-${record}.json`, condition, body)
    })
  })
}

function signed(
  { s3Url, credentials, bucket }: PutTask,
  keys: SigningKeys,
  timestamp: string,
  key: string,
  condition: Readonly<Record<string, string>>,
  body: string,
): Buffer {
  const { accessKeyId, secretAccessKey } = credentials
  const scope = { accessKeyId, date: timestamp.slice(0, 8), region: 'us-east-1', service: 's3' }
  const rawPath = `/${bucket}/${key}`
  const payloadHash = hash('sha256', body)
  const headers: Record<string, string> = {
    host: new URL(s3Url).host,
    'x-amz-content-sha256': payloadHash,
    'x-amz-date': timestamp,
  }
  const names = Object.keys(headers)
  const canonical = hashCanonicalRequest(
    { method: 'PUT', rawPath, query: [], headers },
    rawPath,
    names,
    payloadHash,
  )
  const text = `AWS4-HMAC-SHA256\n${timestamp}\n${scopeText(scope)}\n${canonical}`
  const signature = hmac(keys.keyFor(secretAccessKey, scope), text).toString('hex')
  const lines = Object.entries({
    ...headers,
    ...condition,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scopeText(scope)}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
    'content-length': String(body.length),
    'content-type': 'application/json',
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`PUT ${rawPath} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}
