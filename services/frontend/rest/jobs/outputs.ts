import { z } from 'zod'
import type { OperationContext } from '../../operations/context.ts'
import { getOutput } from '../../operations/get-output.ts'
import { locateFile } from '../../operations/locate-file.ts'
import { outputResult } from '../../shapes/job.ts'
import { answers, answerTagged, etagHeader } from '../answers.ts'
import { callerOf, idParam, param, type Route } from '../route.ts'

const tags = ['Outputs']

/** `/v1/jobs/{jobId}/outputs/...`: what a job has made. */
export function outputRoutes(context: OperationContext): Route[] {
  return [
    {
      method: 'get',
      path: '/v1/jobs/{jobId}/outputs/{output}',
      scope: 'read',
      operation: {
        operationId: 'getOutput',
        tags,
        summary: 'Look at one output',
        requestParams: { path: z.object({ jobId: z.string(), output: z.string() }) },
        responses: answers(200, 'The output', outputResult, etagHeader),
      },
      async handle(ctx) {
        const { output, tag } = await getOutput(
          context,
          callerOf(ctx),
          idParam(ctx, 'jobId'),
          param(ctx, 'output'),
        )
        answerTagged(ctx, tag, output)
      },
    },
    {
      method: 'get',
      path: '/v1/jobs/{jobId}/outputs/{output}/files/{path}',
      scope: 'read',
      operation: {
        operationId: 'getFile',
        tags,
        summary: 'Fetch a file of an output',
        description:
          'Redirects to a URL of the store that is valid for a short time and needs no key (`curl -L`). ' +
          'This address stays the same, so keep this one.',
        requestParams: { path: z.object({ jobId: z.string(), output: z.string(), path: z.string() }) },
        responses: answers(302, 'Where the bytes are', undefined, z.object({ Location: z.string() })),
      },
      async handle(ctx) {
        const where = { jobId: idParam(ctx, 'jobId'), output: param(ctx, 'output'), path: param(ctx, 'path') }
        const { url } = await locateFile(context, callerOf(ctx), where)
        ctx.set('Cache-Control', 'no-store')
        ctx.set('Location', url)
        ctx.status = 302
        ctx.body = ''
      },
    },
  ]
}
