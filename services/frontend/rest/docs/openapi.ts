import { z } from 'zod'
import { createDocument, type ZodOpenApiPathsObject } from 'zod-openapi'
import type { Route } from '../route.ts'

/** The OpenAPI 3.1 document of `routes`, made from the same zod schemas that requests are checked with. */
export function openApiDocument(routes: readonly Route[], service: { publicUrl: string; release: string }) {
  const paths: ZodOpenApiPathsObject = {}
  for (const { path, method, operation, scope } of routes) {
    const parameters = pathParameters(path)
    paths[path] = {
      ...paths[path],
      [method]: {
        ...(scope === undefined ? { security: [] } : { 'x-scope': scope }),
        ...(parameters && { requestParams: { path: parameters } }),
        ...operation,
      },
    }
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Reelmill',
      version: service.release,
      description: introduction,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: service.publicUrl }],
    security: [{ key: [] }],
    tags: [
      { name: 'Uploads', description: 'Movies on their way in' },
      { name: 'Jobs', description: 'What is to be encoded, is being encoded, and has been' },
      { name: 'Outputs', description: 'What a job has made' },
      { name: 'Presets', description: 'Settings that have a name and a version' },
      { name: 'Fleet', description: 'Who does the work' },
      { name: 'Service', description: 'Health, metrics and documentation' },
    ],
    paths,
    webhooks: {
      jobEnded: {
        post: {
          operationId: 'jobEnded',
          summary: 'A job has ended',
          description:
            'Sent to each `notify` of the job, signed as Standard Webhooks 1.0 says, and repeated until it is answered ' +
            'with 2xx. The same event may come twice, with the same `webhook-id`.',
          security: [],
          requestBody: {
            content: {
              'application/json': {
                schema: z
                  .object({
                    id: z.string(),
                    type: z.string().describe('job.succeeded | job.failed | job.canceled'),
                    timestamp: z.iso.datetime(),
                    jobId: z.string(),
                    attempt: z.int().optional(),
                    revision: z.int().optional(),
                    data: z.looseObject({ id: z.string(), status: z.string() }).describe('The job, in short'),
                  })
                  .meta({ id: 'JobEvent' }),
              },
            },
          },
          responses: { '204': { description: 'Taken' }, '410': { description: 'Never again' } },
        },
      },
    },
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A key such as `rmk_...`, made by `npm run keys -- create`. Its scopes: submit, read, admin.',
        },
      },
    },
  })
}

/** Every name in braces, for routes that say no more about it. */
function pathParameters(path: string): z.ZodObject | undefined {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  return names.length === 0
    ? undefined
    : z.object(Object.fromEntries(names.map((name) => [name, z.string()])))
}

const introduction = `Movies in, encoded movies out.

Send a movie and what should become of it, follow the job, fetch the results:

\`\`\`sh
curl -H "Authorization: Bearer $KEY" -F preset=web-720p -F file=@movie.mov $URL/v1/jobs
curl -H "Authorization: Bearer $KEY" -N $URL/v1/jobs/$JOB/events
curl -H "Authorization: Bearer $KEY" -LOJ $URL/v1/jobs/$JOB/outputs/web-720p/files/$FILE
\`\`\`

Requests are strict: a field that does not exist is refused with 400, one that is reserved for a later version with
422, both by name. Answers grow: ignore what you do not know. Absent means unknown. Errors are RFC 9457 problem
details with stable codes, each explained at \`/errors/{code}\`.`
