import { Readable } from 'node:stream'
import { z } from 'zod'
import { ReelmillError } from '#shared/errors.ts'
import type { OperationContext } from '../../operations/context.ts'
import {
  eventTypeOf,
  isLater,
  type Moment,
  momentId,
  momentOf,
  parseMomentId,
} from '../../operations/job-event.ts'
import type { JobWatch } from '../../operations/job-watch.ts'
import { presentJob, type SeenJob } from '../../operations/present-job.ts'
import { seeJob } from '../../operations/see-job.ts'
import { answers } from '../answers.ts'
import { callerOf, idParam, type Route } from '../route.ts'

// Proxies close connections that are silent for a minute.
const HEARTBEAT_MS = 20_000

/** `GET /v1/jobs/{jobId}/events`: server-sent events of one job until it is done. */
export function eventsRoute(
  context: OperationContext,
  process: { readonly watch: JobWatch; readonly stopping: AbortSignal },
): Route {
  const open = new Map<string, number>()
  return {
    method: 'get',
    path: '/v1/jobs/{jobId}/events',
    scope: 'read',
    operation: {
      operationId: 'watchJob',
      tags: ['Jobs'],
      summary: 'Follow a job by server-sent events',
      description:
        'An event for each state (`job.queued`, `job.running`, `job.succeeded`, `job.failed`, `job.canceled`, ' +
        '`job.delivered`) and each progress, its data the Job. Ids are ordered; `Last-Event-ID` resumes after one. ' +
        'The stream ends when the job is done; resuming after that is answered with 204.',
      requestParams: {
        path: z.object({ jobId: z.string() }),
        header: z.object({ 'Last-Event-ID': z.string().optional() }),
      },
      responses: {
        ...answers(204, 'There is nothing more to come'),
        '200': { description: 'Events', content: { 'text/event-stream': { schema: { type: 'string' } } } },
      },
    },
    async handle(ctx) {
      const { tenant, keyId } = callerOf(ctx)
      const jobId = idParam(ctx, 'jobId')
      const now = await seeJob(context.store, tenant, jobId)
      const after = parseMomentId(ctx.get('Last-Event-ID'))
      if (after && isLast(now) && !isLater(momentOf(now), after)) {
        ctx.status = 204 // tells EventSource not to come back
        return
      }
      const count = open.get(keyId) ?? 0
      if (count >= context.limits.maxStreamsPerKey) {
        throw new ReelmillError(
          'quota-exceeded',
          `This key has ${count} event streams open. Close some first.`,
        )
      }
      open.set(keyId, count + 1)
      const left = new AbortController()
      ctx.res.once('close', () => {
        left.abort(new Error('the client left'))
        const rest = (open.get(keyId) ?? 1) - 1
        if (rest > 0) open.set(keyId, rest)
        else open.delete(keyId)
      })
      const signal = AbortSignal.any([left.signal, process.stopping])
      ctx.set({
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no', // nginx would keep events until its buffer is full
      })
      ctx.status = 200
      ctx.body = Readable.from(withHeartbeats(frames(process.watch.follow(jobId, signal), after), signal))

      async function* frames(changes: AsyncIterable<SeenJob>, resumeAfter: Moment | undefined) {
        let sent = resumeAfter
        for await (const seen of changes) {
          const moment = momentOf(seen)
          // A change that moves nothing (a wish to cancel) is told under the same id; only what is known is not
          // repeated.
          if (
            sent !== undefined &&
            (isLater(sent, moment) || (sent === resumeAfter && !isLater(moment, sent)))
          )
            continue
          sent = moment
          yield frame(seen, moment, context.publicUrl)
          if (isLast(seen)) return
        }
      }
    },
  }
}

const isLast = ({ found: { value } }: SeenJob): boolean =>
  value.status !== 'queued' && value.status !== 'running'

function frame(seen: SeenJob, moment: Moment, publicUrl: string): string {
  const type = eventTypeOf(seen.found.value)
  return `id: ${momentId(moment)}\nevent: ${type}\ndata: ${JSON.stringify(presentJob(seen, publicUrl))}\n\n`
}

/** Adds a comment line whenever nothing has come for a while, so that nobody in between takes it for dead. */
async function* withHeartbeats(frames: AsyncGenerator<string>, signal: AbortSignal): AsyncGenerator<string> {
  yield ': welcome\n\n'
  try {
    let next = frames.next()
    while (!signal.aborted) {
      const timer = Promise.withResolvers<'beat'>()
      const timeout = setTimeout(() => timer.resolve('beat'), HEARTBEAT_MS)
      const result = await Promise.race([next, timer.promise]).finally(() => clearTimeout(timeout))
      if (result === 'beat') {
        yield ': still here\n\n'
        continue
      }
      if (result.done) return
      yield result.value
      next = frames.next()
    }
  } finally {
    await frames.return(undefined)
  }
}
