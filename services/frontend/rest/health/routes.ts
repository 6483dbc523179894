import { z } from 'zod'
import type { HealthCheck } from '../../operations/check-health.ts'
import { health } from '../../shapes/health.ts'
import { answers } from '../answers.ts'
import type { Route } from '../route.ts'

const tags = ['Service']

/** `/health/...`: for load balancers and orchestrators, without a key. */
export function healthRoutes(check: HealthCheck, stopping: AbortSignal): Route[] {
  return [
    {
      method: 'get',
      path: '/health/live',
      operation: {
        operationId: 'live',
        tags,
        summary: 'Whether this process runs',
        security: [],
        responses: answers(200, 'It does', z.object({ status: z.string() }).meta({ id: 'Live' })),
      },
      handle(ctx) {
        ctx.set('Cache-Control', 'no-store')
        ctx.body = { status: 'ok' }
      },
    },
    {
      method: 'get',
      path: '/health/ready',
      operation: {
        operationId: 'ready',
        tags,
        summary: 'Whether this server can do its work, with each dependency by name',
        security: [],
        responses: {
          ...answers(200, 'It can; `degraded` when something that can wait is missing', health),
          '503': {
            description: 'It cannot, or it is stopping',
            content: { 'application/json': { schema: health } },
          },
        },
      },
      async handle(ctx) {
        const seen = await check.check()
        ctx.set('Cache-Control', 'no-store')
        ctx.status = stopping.aborted || seen.status === 'unavailable' ? 503 : 200
        ctx.body = stopping.aborted ? { ...seen, status: 'unavailable' } : seen
      },
    },
  ]
}
