import type { IncomingMessage } from 'node:http'

/** Bodies up to this size are collected by events, which costs half of what iterating over a stream does. */
const SMALL_BYTES = 64 * 1024

/** The bytes of a request. Fails when the client goes away; who stops reading leaves the connection as it is. */
export function bodyOf(message: IncomingMessage): AsyncIterable<Buffer> {
  const length = Number(message.headers['content-length'] ?? Number.NaN)
  return length <= SMALL_BYTES ? collected(message) : message.iterator({ destroyOnReturn: false })
}

async function* collected(message: IncomingMessage): AsyncGenerator<Buffer> {
  const chunks: Buffer[] = []
  await new Promise<void>((resolve, reject) => {
    message.on('data', (chunk: Buffer) => chunks.push(chunk))
    message.on('end', resolve)
    message.on('error', reject)
    message.on('close', () => {
      // Making an error takes a stack trace, which is not for every request that went well.
      if (!message.readableEnded) reject(new Error('the client went away'))
    })
  })
  yield* chunks
}
