import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import { type FieldError, messageOf, ReelmillError } from '#shared/errors.ts'
import type { OperationContext } from '../../operations/context.ts'
import { requestError } from '../../shapes/parse-strict.ts'
import { beginBody } from '../begin-body.ts'
import { requestBody } from '../request-body.ts'
import type { RestContext } from '../route.ts'

const MOST_FIELDS = 100

/**
 * Reads multipart/form-data in order: `file` is awaited before what follows the file is read. Throws `malformed-body`,
 * `invalid-request`, `request-timeout`, and what `take` throws.
 */
export async function readForm(
  context: OperationContext,
  ctx: RestContext,
  take: {
    field(name: string, value: string): void
    file(name: string, fileName: string, contentType: string, body: Readable): Promise<void>
  },
): Promise<void> {
  const boundary = ctx.req.headers['content-type'] ?? ''
  let form: BusboyInstance
  try {
    form = new Busboy({
      headers: { 'content-type': boundary },
      limits: {
        fieldSize: context.limits.maxBodyBytes,
        fields: MOST_FIELDS,
        files: 2,
        parts: MOST_FIELDS + 2,
      },
    })
  } catch (error) {
    throw new ReelmillError(
      'malformed-body',
      `The form cannot be read (${messageOf(error)}). Check its boundary.`,
      {
        cause: error,
      },
    )
  }
  const stop = new AbortController()
  const working: Promise<void>[] = []
  const guard = (work: () => void | Promise<void>) => {
    try {
      const done = work()
      if (done) working.push(done.catch((error: unknown) => stop.abort(error)))
    } catch (error) {
      stop.abort(error)
    }
  }
  form.on('field', (name, value, nameTruncated, valueTruncated) =>
    guard(() => {
      if (nameTruncated || valueTruncated) throw requestError([invalid(name, 'is too long')])
      take.field(name, value)
    }),
  )
  form.on('file', (name, stream, fileName, _encoding, contentType) =>
    guard(() => take.file(name, fileName, contentType, failing(stream, stop.signal))),
  )
  form.on('fieldsLimit', () => stop.abort(requestError([invalid('', `has more than ${MOST_FIELDS} fields`)])))
  form.on('partsLimit', () => stop.abort(requestError([invalid('', `has more than ${MOST_FIELDS} parts`)])))
  beginBody(ctx.req, ctx.res)
  try {
    await pipeline(requestBody(ctx.req, context.limits.uploadIdleMs), form, { signal: stop.signal })
  } catch (error) {
    if (!stop.signal.aborted) stop.abort(error instanceof ReelmillError ? error : malformed(error))
  }
  await Promise.all(working)
  if (stop.signal.aborted) throw stop.signal.reason
}

/** `stream`, but failing with the signal's reason when that is aborted, and when the form ends inside the file. */
function failing(stream: Readable, signal: AbortSignal): Readable {
  const body = new PassThrough()
  // Whoever reads it is told by the stream itself; if nobody does any more, this must not end the process.
  body.on('error', () => undefined)
  const fail = () =>
    body.destroy(signal.reason instanceof Error ? signal.reason : new Error('the form failed'))
  if (signal.aborted) fail()
  else signal.addEventListener('abort', fail, { once: true })
  stream.once('error', (error) => body.destroy(malformed(error)))
  body.once('close', () => {
    signal.removeEventListener('abort', fail)
    stream.unpipe(body)
    stream.resume() // what is left of the part must flow off, or the form never ends
  })
  return stream.pipe(body)
}

const malformed = (cause: unknown) =>
  new ReelmillError(
    'malformed-body',
    `The form ends too early or is not well-formed (${messageOf(cause)}).`,
    { cause },
  )

const invalid = (name: string, message: string): FieldError => ({
  pointer: name && `/${name}`,
  code: 'invalid-request',
  message,
})
