import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf, ReelmillError } from '#shared/errors.ts'
import type { ByteMeter } from './byte-meter.ts'

/** Runs both ends of the pipe and waits for both to end, whichever fails; then throws what went wrong first. */
export async function pump(
  content: { readonly body: Readable; readonly signal?: AbortSignal },
  meter: ByteMeter,
  write: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const stop = new AbortController()
  const signal = content.signal ? AbortSignal.any([content.signal, stop.signal]) : stop.signal
  let firstError: unknown
  const failed = (error: unknown) => {
    firstError ??= error
    stop.abort(error)
  }
  // A writer that gives up lets go of the body before it says why; what then happens to the body is not the reason.
  let isClients = false
  let leftOver: unknown
  const ended = () => {
    isClients ||= !meter.destroyed && !content.body.readableEnded
  }
  content.body.once('error', ended).once('close', ended)
  const pumping = pipeline(content.body, meter, { signal }).catch((error: unknown) => {
    if (signal.aborted || error instanceof ReelmillError) failed(error)
    else if (isClients) failed(connectionLost(meter.bytes, error))
    else leftOver = connectionLost(meter.bytes, error)
  })
  const writing = write(signal).catch((error: unknown) => {
    failed(error)
    meter.destroy()
  })
  await Promise.all([pumping, writing])
  firstError ??= leftOver
  if (firstError !== undefined) throw content.signal?.aborted ? content.signal.reason : firstError
}

const connectionLost = (bytes: number, cause: unknown) =>
  new ReelmillError(
    'length-mismatch',
    `The connection ended after ${bytes} bytes (${messageOf(cause)}). Send the content again.`,
    { cause },
  )
