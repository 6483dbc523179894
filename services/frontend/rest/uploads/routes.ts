import { z } from 'zod'
import { ReelmillError } from '#shared/errors.ts'
import { beginUpload } from '../../operations/begin-upload.ts'
import { completeUpload } from '../../operations/complete-upload.ts'
import type { OperationContext } from '../../operations/context.ts'
import { deleteUpload } from '../../operations/delete-upload.ts'
import { type Announced, fillUpload } from '../../operations/fill-upload.ts'
import { getUpload } from '../../operations/get-upload.ts'
import { presignParts } from '../../operations/presign-parts.ts'
import {
  createUpload,
  parseCreateUpload,
  presignParts as presignPartsSchema,
} from '../../shapes/create-upload.ts'
import { parseStrict } from '../../shapes/parse-strict.ts'
import { upload } from '../../shapes/upload.ts'
import { answers, answerTagged, etagHeader } from '../answers.ts'
import { beginBody } from '../begin-body.ts'
import { readJson } from '../read-json.ts'
import { idempotencyKeyHeader, idempotencyKeyOf } from '../read-query.ts'
import { requestBody } from '../request-body.ts'
import { callerOf, idParam, type RestContext, type Route } from '../route.ts'

const path = z.object({ uploadId: z.string() })
const tags = ['Uploads']

/** `/v1/uploads`: movies on their way in. */
export function uploadRoutes(context: OperationContext): Route[] {
  const { limits } = context
  return [
    {
      method: 'post',
      path: '/v1/uploads',
      scope: 'submit',
      operation: {
        operationId: 'beginUpload',
        tags,
        summary: 'Begin an upload',
        description:
          'Then PUT the content to `contentUrl`, or ask for the URLs of parts and send those straight to the store.',
        requestParams: { header: idempotencyKeyHeader },
        requestBody: { content: { 'application/json': { schema: createUpload } } },
        responses: answers(201, 'The upload, still empty', upload, z.object({ Location: z.string() })),
      },
      async handle(ctx) {
        const request = parseCreateUpload(await readJson(ctx, limits, { isOptional: true }))
        const begun = await beginUpload(context, callerOf(ctx), request, idempotencyKeyOf(ctx))
        ctx.set('Location', `/v1/uploads/${begun.id}`)
        ctx.status = 201
        ctx.body = begun
      },
    },
    {
      method: 'get',
      path: '/v1/uploads/{uploadId}',
      scope: 'read',
      operation: {
        operationId: 'getUpload',
        tags,
        summary: 'Look at an upload',
        requestParams: { path },
        responses: answers(200, 'The upload', upload, etagHeader),
      },
      async handle(ctx) {
        const { upload, revision } = await getUpload(context, callerOf(ctx), idParam(ctx, 'uploadId'))
        answerTagged(ctx, String(revision), upload)
      },
    },
    {
      method: 'put',
      path: '/v1/uploads/{uploadId}/content',
      scope: 'submit',
      operation: {
        operationId: 'fillUpload',
        tags,
        summary: 'Send the content of an upload',
        description:
          'The movie itself as the body, of any size. Whatever goes wrong leaves the upload open for another try. ' +
          'A `Content-Digest: sha-256=:...:` (RFC 9530) is checked.',
        requestParams: { path },
        requestBody: {
          required: true,
          content: { '*/*': { schema: { type: 'string', format: 'binary' } } },
        },
        responses: answers(200, 'The upload, ready', upload),
      },
      async handle(ctx) {
        ctx.body = await fillUpload(context, callerOf(ctx), idParam(ctx, 'uploadId'), {
          body: requestBody(ctx.req, limits.uploadIdleMs),
          takesChunks: true, // Node copies each out of the connection for us alone
          announced: announcedBy(ctx),
          begin: () => beginBody(ctx.req, ctx.res),
        })
      },
    },
    {
      method: 'post',
      path: '/v1/uploads/{uploadId}/parts',
      scope: 'submit',
      operation: {
        operationId: 'presignParts',
        tags,
        summary: 'Get URLs to send parts straight to the store',
        description:
          'A page of `parts`, each with a URL to PUT its bytes to. Cut the movie into pieces of `partSizeBytes` ' +
          '(the last may be shorter), and complete the upload when all are sent. In any order, several at once.',
        requestParams: { path },
        requestBody: { content: { 'application/json': { schema: presignPartsSchema } } },
        responses: answers(200, 'The upload with a page of `parts`', upload),
      },
      async handle(ctx) {
        const request = parseStrict(presignPartsSchema, await readJson(ctx, limits, { isOptional: true }))
        ctx.body = await presignParts(context, callerOf(ctx), idParam(ctx, 'uploadId'), request)
      },
    },
    {
      method: 'post',
      path: '/v1/uploads/{uploadId}/complete',
      scope: 'submit',
      operation: {
        operationId: 'completeUpload',
        tags,
        summary: 'Join the parts that were sent to the store',
        requestParams: { path },
        responses: answers(200, 'The upload, ready', upload),
      },
      async handle(ctx) {
        parseStrict(z.strictObject({}), await readJson(ctx, limits, { isOptional: true }))
        ctx.body = await completeUpload(context, callerOf(ctx), idParam(ctx, 'uploadId'))
      },
    },
    {
      method: 'delete',
      path: '/v1/uploads/{uploadId}',
      scope: 'submit',
      operation: {
        operationId: 'deleteUpload',
        tags,
        summary: 'Delete an upload and its content',
        description:
          'A job that was submitted with it and has not fetched it yet fails with `input-missing`.',
        requestParams: { path },
        responses: answers(204, 'It is gone'),
      },
      async handle(ctx) {
        await deleteUpload(context, callerOf(ctx), idParam(ctx, 'uploadId'))
        ctx.status = 204
      },
    },
  ]
}

function announcedBy(ctx: RestContext): Announced {
  const { headers } = ctx.req
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
    throw new ReelmillError(
      'unsupported-media-type',
      'The content must be sent as it is, without a Content-Encoding.',
    )
  }
  const length = headers['content-length']
  const contentType = headers['content-type']
  const sha256 = digestOf(ctx.get('Content-Digest') || ctx.get('Repr-Digest'))
  return {
    ...(length !== undefined && { sizeBytes: Number(length) }),
    // What clients send when they were told nothing says nothing about the movie.
    ...(contentType && !/^application\/x-www-form-urlencoded/.test(contentType) && { contentType }),
    ...(sha256 !== undefined && { sha256 }),
  }
}

function digestOf(header: string): string | undefined {
  const [, base64] = /(?:^|[\s,])sha-256=:([A-Za-z0-9+/]{43}=):/.exec(header) ?? []
  // Other algorithms are for others to check; a SHA-256 that was meant must not go by unchecked.
  if (base64 === undefined && /sha-256\b/i.test(header)) {
    throw new ReelmillError(
      'invalid-request',
      'The Content-Digest is not of the form `sha-256=:...:`, with the 44 characters of its base 64 in between.',
      { errors: [{ pointer: 'Content-Digest', code: 'invalid-request', message: 'is not a valid digest' }] },
    )
  }
  return base64 && Buffer.from(base64, 'base64').toString('hex')
}
