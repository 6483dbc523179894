import { z } from 'zod'
import { type ErrorCode, type ErrorEntry, errorCatalogue } from '#shared/error-codes.ts'
import { ReelmillError } from '#shared/errors.ts'
import { answers, hasAlready } from '../answers.ts'
import { param, type RestContext, type Route } from '../route.ts'
import { errorListPage, errorPage, referencePage } from './pages.ts'
import { scalarBundle } from './scalar-bundle.ts'

const tags = ['Service']

// Nothing on these pages comes from or talks to anywhere else.
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
  "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"

const errorDocument = z
  .object({
    code: z.string(),
    title: z.string(),
    help: z.string(),
    retry: z.string(),
    status: z.int().optional().describe('Absent for codes that only jobs carry'),
  })
  .meta({ id: 'ErrorDocument' })

const locationHeader = z.object({ Location: z.string() })

const entranceDocument = z
  .object({
    service: z.string(),
    docs: z.string(),
    openapi: z.string(),
    errors: z.string(),
    soap: z.string(),
  })
  .meta({ id: 'Entrance' })

/** `/`, `/openapi.json`, `/docs` and `/errors`. `document` is the finished OpenAPI document. */
export function docsRoutes(document: () => object): Route[] {
  return [
    {
      method: 'get',
      path: '/',
      operation: {
        operationId: 'getEntrance',
        tags,
        summary: 'Where the documentation is; browsers are led to it',
        security: [],
        responses: {
          ...answers(200, 'Paths of this service', entranceDocument),
          '302': { description: 'The documentation, for who prefers HTML', headers: locationHeader },
        },
      },
      handle(ctx) {
        if (!wantsHtml(ctx)) {
          ctx.body = {
            service: 'Reelmill',
            docs: '/docs',
            openapi: '/openapi.json',
            errors: '/errors',
            soap: '/soap',
          }
          return
        }
        ctx.status = 302
        ctx.set('Location', '/docs')
        ctx.body = ''
      },
    },
    {
      method: 'get',
      path: '/openapi.json',
      operation: {
        operationId: 'getOpenApi',
        tags,
        summary: 'This document',
        security: [],
        responses: answers(200, 'OpenAPI 3.1', z.looseObject({}).meta({ id: 'OpenApi' })),
      },
      handle(ctx) {
        ctx.body = document()
      },
    },
    {
      method: 'get',
      path: '/docs',
      operation: {
        operationId: 'getDocs',
        tags,
        summary: 'The documentation, to read and try out',
        security: [],
        responses: htmlAnswer('A page'),
      },
      handle: (ctx) => html(ctx, referencePage),
    },
    {
      method: 'get',
      path: '/docs/scalar.js',
      operation: {
        operationId: 'getDocsScript',
        tags,
        summary: 'What shows the documentation',
        security: [],
        responses: {
          ...answers(200, 'A script'),
          '200': { description: 'A script', content: { 'text/javascript': { schema: { type: 'string' } } } },
        },
      },
      async handle(ctx) {
        const { bytes, gzipped, etag } = await scalarBundle()
        ctx.set({ 'Cache-Control': 'public, max-age=3600', ETag: etag, Vary: 'Accept-Encoding' })
        ctx.type = 'text/javascript'
        if (hasAlready(ctx, etag)) ctx.status = 304
        else if (ctx.acceptsEncodings('gzip', 'identity') === 'gzip') {
          ctx.set('Content-Encoding', 'gzip')
          ctx.body = gzipped
        } else ctx.body = bytes
      },
    },
    {
      method: 'get',
      path: '/docs/start.js',
      operation: {
        operationId: 'getDocsStart',
        tags,
        summary: 'What starts the documentation',
        security: [],
        responses: {
          ...answers(200, 'A script'),
          '200': { description: 'A script', content: { 'text/javascript': { schema: { type: 'string' } } } },
        },
      },
      handle(ctx) {
        ctx.type = 'text/javascript'
        ctx.body = startScript
      },
    },
    {
      method: 'get',
      path: '/errors',
      operation: {
        operationId: 'listErrors',
        tags,
        summary: 'Every error code with its explanation, as JSON or HTML',
        security: [],
        responses: answers(
          200,
          'All codes',
          z.object({ items: z.array(errorDocument) }).meta({ id: 'ErrorList' }),
        ),
      },
      handle(ctx) {
        const items = Object.entries(errorCatalogue).map(([code, entry]) => ({ code, ...entry }))
        if (wantsHtml(ctx)) html(ctx, errorListPage(items))
        else ctx.body = { items }
      },
    },
    {
      method: 'get',
      path: '/errors/{code}',
      operation: {
        operationId: 'getError',
        tags,
        summary: 'What an error code means and what to do about it, as JSON or HTML',
        security: [],
        responses: answers(200, 'The code', errorDocument),
      },
      handle(ctx) {
        const code = param(ctx, 'code')
        if (!isCode(code))
          throw new ReelmillError('not-found', `There is no error code ${code}. /errors lists them.`)
        const entry: ErrorEntry = errorCatalogue[code]
        if (wantsHtml(ctx)) html(ctx, errorPage({ code, ...entry }))
        else ctx.body = { code, ...entry }
      },
    },
  ]
}

/** Tells the bundle what to show: our own document, without calls to anybody else's services. */
const startScript = `Scalar.createApiReference('#reference', {
  url: '/openapi.json',
  telemetry: false,
  withDefaultFonts: false,
  showDeveloperTools: 'never',
  hideClientButton: true,
  agent: { disabled: true },
  mcp: { disabled: true },
  authentication: { preferredSecurityScheme: 'key' },
})
`

const isCode = (code: string): code is ErrorCode => Object.hasOwn(errorCatalogue, code)

const wantsHtml = (ctx: RestContext): boolean => {
  ctx.vary('Accept')
  return ctx.accepts('json', 'html') === 'html'
}

function html(ctx: RestContext, page: string): void {
  ctx.set({ 'Content-Security-Policy': contentSecurityPolicy, 'X-Content-Type-Options': 'nosniff' })
  ctx.type = 'html'
  ctx.body = page
}

const htmlAnswer = (description: string) => ({
  ...answers(200, description),
  '200': { description, content: { 'text/html': { schema: { type: 'string' as const } } } },
})
