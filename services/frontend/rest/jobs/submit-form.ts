import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import { z } from 'zod'
import { type FieldError, messageOf, ReelmillError } from '#shared/errors.ts'
import type { OperationContext } from '../../operations/context.ts'
import { deleteUpload } from '../../operations/delete-upload.ts'
import { receiveMovie } from '../../operations/receive-movie.ts'
import { submitMovie } from '../../operations/submit-movie.ts'
import { parseCreateUpload } from '../../shapes/create-upload.ts'
import type { Job } from '../../shapes/job.ts'
import { requestError } from '../../shapes/parse-strict.ts'
import type { Upload } from '../../shapes/upload.ts'
import { beginBody } from '../begin-body.ts'
import { parseJson } from '../read-json.ts'
import { requestBody } from '../request-body.ts'
import { callerOf, type RestContext } from '../route.ts'

const MOST_FIELDS = 100

/** The fields of a form that submits a job together with its movie, for the documentation. */
export const jobForm = z
  .strictObject({
    preset: z.array(z.string()).min(1).describe('name or name@version; once for each output'),
    file: z
      .string()
      .meta({ format: 'binary', description: 'The movie. Last, so that the rest is checked first' }),
    reference: z.string().optional(),
    metadata: z.string().optional().describe('A JSON object'),
    notify: z.array(z.string()).optional().describe('URLs of webhooks'),
  })
  .meta({ id: 'JobForm' })

interface Fields {
  readonly preset: string[]
  readonly notify: string[]
  reference?: string
  metadata?: unknown
}

/**
 * Submits a job whose movie comes in the same request, as multipart/form-data. The movie is streamed into an
 * upload as it arrives; if anything is wrong with the rest, that upload is deleted again.
 */
export async function submitForm(
  context: OperationContext,
  ctx: RestContext,
  idempotencyKey: string | undefined,
): Promise<Job> {
  const caller = callerOf(ctx)
  const fields: Fields = { preset: [], notify: [] }
  const errors: FieldError[] = []
  let upload: Upload | undefined
  let hasMovie = false
  try {
    await readForm(context, ctx, {
      field: (name, value) => takeField(fields, errors, name, value),
      async file(name, fileName, contentType, body) {
        if (name !== 'file') {
          errors.push(unknown(name))
          return void body.resume()
        }
        // A flag, since the next part may come while the upload of the first is only being made.
        if (hasMovie) throw invalid('file', 'comes twice; a job has one movie')
        hasMovie = true
        // A mistake in what came before the movie is told before the movie is stored.
        if (errors.length > 0) throw requestError(errors)
        const about = { fileName: lineOf(fileName, 255), contentType: lineOf(contentType, 127) }
        upload = await receiveMovie(context, caller, parseCreateUpload(about), body)
      },
    })
    if (errors.length > 0) throw requestError(errors)
    if (!upload) throw invalid('file', 'is missing: send the movie in a part of this name')
  } catch (error) {
    if (upload) await deleteUpload(context, caller, upload.id)
    throw error
  }
  return submitMovie(
    context,
    caller,
    upload,
    {
      outputs: fields.preset.map((preset) => ({ preset })),
      notify: fields.notify.map((url) => ({ kind: 'webhook', url })),
      ...(fields.reference !== undefined && { reference: fields.reference }),
      ...(fields.metadata !== undefined && { metadata: fields.metadata }),
    },
    idempotencyKey,
  )
}

/** What a part's header says, as far as it can be kept: browsers send what the file is called, whatever that is. */
function lineOf(text: string | undefined, most: number): string | null {
  return (
    text
      ?.toWellFormed()
      .replace(/\p{Cc}/gu, '_')
      .slice(-most) || null
  )
}

function takeField(fields: Fields, errors: FieldError[], name: string, value: string): void {
  switch (name) {
    case 'preset':
    case 'notify':
      fields[name].push(value)
      return
    case 'reference':
      if (fields.reference !== undefined) errors.push(twice(name))
      fields.reference = value
      return
    case 'metadata':
      if (fields.metadata !== undefined) errors.push(twice(name))
      fields.metadata = parseJson(Buffer.from(value))
      return
    default:
      errors.push(unknown(name))
  }
}

/** Reads a form in order: `file` is awaited before what follows the file is read. */
async function readForm(
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
      if (nameTruncated || valueTruncated) throw invalid(name, 'is too long')
      take.field(name, value)
    }),
  )
  form.on('file', (name, stream, fileName, _encoding, contentType) =>
    guard(() => take.file(name, fileName, contentType, failing(stream, stop.signal))),
  )
  form.on('fieldsLimit', () => stop.abort(invalid('', `has more than ${MOST_FIELDS} fields`)))
  form.on('partsLimit', () => stop.abort(invalid('', `has more than ${MOST_FIELDS} parts`)))
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
const unknown = (name: string): FieldError => ({
  pointer: `/${name}`,
  code: 'unknown-field',
  message: 'does not exist',
})
const twice = (name: string): FieldError => ({
  pointer: `/${name}`,
  code: 'invalid-request',
  message: 'comes twice',
})
const invalid = (name: string, message: string) =>
  requestError([{ pointer: name && `/${name}`, code: 'invalid-request', message }])
