import { z } from 'zod'
import { jobStatus } from '#shared/jobs/record.ts'
import { cancelJob } from '../../operations/cancel-job.ts'
import type { OperationContext } from '../../operations/context.ts'
import { deleteJob } from '../../operations/delete-job.ts'
import { getJob } from '../../operations/get-job.ts'
import type { JobWatch } from '../../operations/job-watch.ts'
import { listJobs } from '../../operations/list-jobs.ts'
import { retryJob } from '../../operations/retry-job.ts'
import { submitJob } from '../../operations/submit-job.ts'
import { createJob, parseCreateJob } from '../../shapes/create-job.ts'
import { job } from '../../shapes/job.ts'
import { parseStrict } from '../../shapes/parse-strict.ts'
import { answers, answerTagged, etagHeader, pageOf } from '../answers.ts'
import { readJson } from '../read-json.ts'
import { cursor, idempotencyKeyHeader, idempotencyKeyOf, limit, readQuery } from '../read-query.ts'
import { callerOf, idParam, type RestContext, type Route } from '../route.ts'
import { eventsRoute } from './events.ts'
import { jobForm } from './form-fields.ts'
import { submitForm } from './submit-form.ts'

const path = z.object({ jobId: z.string() })
const tags = ['Jobs']
const location = z.object({ Location: z.string() })

const orForm =
  ', or the movie and its presets as a form (multipart/form-data: curl -F preset=web-720p -F file=@movie.mov)'

const jobQuery = z.strictObject({
  status: jobStatus.optional().describe('Reads jobs until a page is full, so a page may be short'),
  reference: z.string().min(1).max(255).optional(),
  limit,
  cursor,
})

/** `/v1/jobs`: what is to be encoded, is being encoded, and has been. */
export function jobRoutes(
  context: OperationContext,
  process: {
    readonly watch: JobWatch
    /** Aborted when event streams must end, so that the process can. */
    readonly stopping: AbortSignal
  },
): Route[] {
  const { limits } = context
  return [
    {
      method: 'post',
      path: '/v1/jobs',
      scope: 'submit',
      operation: {
        operationId: 'submitJob',
        tags,
        summary: 'Submit a job',
        description:
          'As JSON, for a movie that is uploaded already or lies in S3; or as multipart/form-data, movie and wishes ' +
          'in one request: `curl -F preset=web-720p -F file=@movie.mov`.',
        requestParams: { header: idempotencyKeyHeader },
        requestBody: {
          required: true,
          content: { 'application/json': { schema: createJob }, 'multipart/form-data': { schema: jobForm } },
        },
        responses: answers(202, 'The job, queued', job, location),
      },
      async handle(ctx) {
        const key = idempotencyKeyOf(ctx)
        const submitted = ctx.is('multipart/form-data')
          ? await submitForm(context, ctx, key)
          : await submitJob(
              context,
              callerOf(ctx),
              parseCreateJob(await readJson(ctx, limits, { otherwise: orForm })),
              key === undefined ? undefined : { key },
            )
        accepted(ctx, submitted)
      },
    },
    {
      method: 'get',
      path: '/v1/jobs',
      scope: 'read',
      operation: {
        operationId: 'listJobs',
        tags,
        summary: 'List jobs, newest first',
        requestParams: { query: jobQuery },
        responses: answers(200, 'A page of jobs', pageOf(job, 'JobPage')),
      },
      async handle(ctx) {
        const { status, reference, limit, cursor } = readQuery(ctx, jobQuery)
        ctx.body = await listJobs(context, callerOf(ctx), {
          ...(status !== undefined && { status }),
          ...(reference !== undefined && { reference }),
          ...(limit !== undefined && { limit }),
          ...(cursor !== undefined && { cursor }),
        })
      },
    },
    {
      method: 'get',
      path: '/v1/jobs/{jobId}',
      scope: 'read',
      operation: {
        operationId: 'getJob',
        tags,
        summary: 'Look at a job',
        description:
          'Its ETag changes with the job and, while it runs, with its progress: poll with If-None-Match.',
        requestParams: { path },
        responses: answers(200, 'The job', job, etagHeader),
      },
      async handle(ctx) {
        const { job, tag } = await getJob(context, callerOf(ctx), idParam(ctx, 'jobId'))
        answerTagged(ctx, tag, job)
      },
    },
    {
      method: 'post',
      path: '/v1/jobs/{jobId}/cancel',
      scope: 'submit',
      operation: {
        operationId: 'cancelJob',
        tags,
        summary: 'Cancel a job',
        description: 'A queued job at once, a running one within seconds; an ended one stays as it is.',
        requestParams: { path },
        responses: answers(200, 'The job as it stands now', job),
      },
      async handle(ctx) {
        await readNothing(ctx)
        ctx.body = await cancelJob(context, callerOf(ctx), idParam(ctx, 'jobId'))
      },
    },
    {
      method: 'post',
      path: '/v1/jobs/{jobId}/retry',
      scope: 'submit',
      operation: {
        operationId: 'retryJob',
        tags,
        summary: 'Submit an ended job again',
        description: 'A new job with `retryOf`: the same input, frozen settings and notifications.',
        requestParams: { path, header: idempotencyKeyHeader },
        responses: answers(202, 'The new job, queued', job, location),
      },
      async handle(ctx) {
        await readNothing(ctx)
        accepted(ctx, await retryJob(context, callerOf(ctx), idParam(ctx, 'jobId'), idempotencyKeyOf(ctx)))
      },
    },
    {
      method: 'delete',
      path: '/v1/jobs/{jobId}',
      scope: 'submit',
      operation: {
        operationId: 'deleteJob',
        tags,
        summary: 'Delete an ended job and its outputs',
        requestParams: { path },
        responses: answers(204, 'It is gone; from now on 410'),
      },
      async handle(ctx) {
        await deleteJob(context, callerOf(ctx), idParam(ctx, 'jobId'))
        ctx.status = 204
      },
    },
    eventsRoute(context, process),
  ]

  function accepted(ctx: RestContext, submitted: { readonly id: string }): void {
    ctx.status = 202
    ctx.set('Location', `/v1/jobs/${submitted.id}`)
    ctx.body = submitted
  }

  /** These take no body; one that has fields must not be ignored. */
  async function readNothing(ctx: RestContext): Promise<void> {
    parseStrict(z.strictObject({}), await readJson(ctx, limits, { isOptional: true }))
  }
}
