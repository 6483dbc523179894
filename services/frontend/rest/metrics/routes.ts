import type { Scope } from '#shared/tenants/key-record.ts'
import { answers } from '../answers.ts'
import type { Route } from '../route.ts'
import type { Metrics } from './metrics.ts'

/** `/metrics`, for Prometheus: with a key that has the scope admin, or open to all if the operator says so. */
export function metricsRoutes(metrics: Metrics, isPublic: boolean): Route[] {
  const scope: Scope | undefined = isPublic ? undefined : 'admin'
  return [
    {
      method: 'get',
      path: '/metrics',
      ...(scope && { scope }),
      operation: {
        operationId: 'getMetrics',
        tags: ['Service'],
        summary: 'Figures for Prometheus',
        responses: {
          ...answers(200, 'Figures'),
          '200': { description: 'Figures', content: { 'text/plain': { schema: { type: 'string' } } } },
        },
      },
      async handle(ctx) {
        ctx.set('Cache-Control', 'no-store')
        ctx.type = metrics.registry.contentType
        ctx.body = await metrics.text()
      },
    },
  ]
}
