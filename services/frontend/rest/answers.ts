import { z } from 'zod'
import type { ZodOpenApiResponsesObject } from 'zod-openapi'
import { problem } from '../shapes/problem.ts'
import type { RestContext } from './route.ts'

/** The documentation's `responses`: what comes when all is well, and problem details for everything else. */
export function answers(
  status: number,
  description: string,
  schema?: z.ZodType,
  headers?: z.ZodObject,
): ZodOpenApiResponsesObject {
  return {
    [`${status as 200}`]: {
      description,
      ...(schema && { content: { 'application/json': { schema } } }),
      ...(headers && { headers }),
    },
    '4XX': { description: 'The request was refused', content: problemContent },
    '5XX': { description: 'The request could not be served', content: problemContent },
  }
}

/** A page of `items`. */
export const pageOf = (items: z.ZodType, id: string) =>
  z
    .object({ items: z.array(items), nextCursor: z.string().optional().describe('Absent on the last page') })
    .meta({ id })

export const etagHeader = z.object({ ETag: z.string().describe('For If-None-Match') })

/** Answers with JSON and an ETag, or with 304 if the client has it already. */
export function answerTagged(ctx: RestContext, tag: string, body: object): void {
  ctx.status = 200
  ctx.set('ETag', `"${tag}"`)
  ctx.set('Cache-Control', 'private, no-cache')
  if (hasAlready(ctx, `"${tag}"`)) ctx.status = 304
  else ctx.body = body
}

/**
 * Whether the client named this ETag in If-None-Match. Not Koa's `fresh`, which gives way to the `no-cache` that
 * every fetch() adds when it is told an If-None-Match.
 */
export function hasAlready(ctx: RestContext, etag: string): boolean {
  const named = ctx.get('If-None-Match')
  return named === '*' || named.split(',').some((each) => each.trim().replace(/^W\//, '') === etag)
}

const problemContent = { 'application/problem+json': { schema: problem } }
