import type { Server } from 'node:http'
import { join } from 'node:path'
import { type Clock, systemClock } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import type { Log } from '#shared/log.ts'
import { createS3Server } from './s3/s3-server.ts'
import type { LocalCredential } from './sigv4/authenticate.ts'
import { createSqsServer } from './sqs/sqs-server.ts'
import { lockData } from './store/data-lock.ts'
import { ObjectStore } from './store/object-store.ts'

export interface LocalcloudOptions {
  /** Everything lies in here; made when it is not there. One process at a time. */
  readonly dataDir: string
  readonly host: string
  /** 0 takes a free port. */
  readonly s3Port: number
  readonly sqsPort: number
  readonly credentials: readonly LocalCredential[]
  /** Buckets to make when they are not there. */
  readonly buckets?: readonly string[]
  readonly corsOrigins?: readonly string[]
  readonly log: Log
  readonly clock?: Clock
}

export interface Localcloud {
  readonly s3Url: string
  readonly sqsUrl: string
  /** Refuses new requests, lets those under way end for a while, and closes the store. Safe to call twice. */
  close(): Promise<void>
}

const CLOSE_MS = 5_000

/**
 * Starts an S3- and an SQS-compatible endpoint on one data folder. What S3 acknowledges is on the disk; queues
 * live in memory. Throws `configuration-invalid` when the folder is in use or a port is taken.
 */
export async function startLocalcloud(options: LocalcloudOptions): Promise<Localcloud> {
  const { dataDir, host, credentials, log, clock = systemClock } = options
  const lock = await lockData(dataDir)
  const stopping = new AbortController()
  const servers: Server[] = []
  let store: ObjectStore | undefined
  const close = async () => {
    stopping.abort(new Error('the local cloud is closing'))
    await Promise.all(servers.map(closeServer))
    await store?.close()
    lock.close()
  }
  try {
    store = await ObjectStore.open(join(dataDir, 's3'), log)
    const present = new Set(store.buckets().map(({ name }) => name))
    for (const bucket of options.buckets ?? []) {
      if (!present.has(bucket)) await store.write({ kind: 'create-bucket', bucket, nowMs: clock.now() })
    }
    const s3 = createS3Server({ store, credentials, corsOrigins: options.corsOrigins ?? ['*'], log, clock })
    const sqs = createSqsServer({ credentials, log, clock, stopping: stopping.signal })
    servers.push(s3, sqs)
    const s3Url = await listen(s3, host, options.s3Port)
    const sqsUrl = await listen(sqs, host, options.sqsPort)
    let closed: Promise<void> | undefined
    return {
      s3Url,
      sqsUrl,
      close() {
        closed ??= close()
        return closed
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new ReelmillError(
          'configuration-invalid',
          `The local cloud cannot listen on ${host}:${port} (${cause.code}). Stop what uses the port, or choose another.`,
          { facts: { host, port }, cause },
        ),
      ),
    )
    server.listen(port, host, () => {
      const address = server.address()
      const actual = typeof address === 'object' && address ? address.port : port
      const name = host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host
      resolve(`http://${name}:${actual}`)
    })
  })
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = new Promise((resolve) => server.close(resolve))
  // A connection that becomes idle later than this moment would else be kept alive for its client.
  const idle = setInterval(() => server.closeIdleConnections(), 20)
  const late = setTimeout(() => server.closeAllConnections(), CLOSE_MS)
  await closed
  clearInterval(idle)
  clearTimeout(late)
}
