import { z } from 'zod'
import type { OperationContext } from '../../operations/context.ts'
import { getFleet } from '../../operations/get-fleet.ts'
import { listWorkers } from '../../operations/list-workers.ts'
import { fleet } from '../../shapes/fleet.ts'
import { worker } from '../../shapes/worker.ts'
import { answers, pageOf } from '../answers.ts'
import { cursor, limit, readQuery } from '../read-query.ts'
import { callerOf, type Route } from '../route.ts'

const tags = ['Fleet']
const workerQuery = z.strictObject({ limit, cursor })

/** `/v1/workers` and `/v1/fleet`: who does the work, for administrators. */
export function fleetRoutes(context: OperationContext): Route[] {
  return [
    {
      method: 'get',
      path: '/v1/workers',
      scope: 'admin',
      operation: {
        operationId: 'listWorkers',
        tags,
        summary: 'List workers',
        requestParams: { query: workerQuery },
        responses: answers(200, 'A page of workers', pageOf(worker, 'WorkerPage')),
      },
      async handle(ctx) {
        const { limit, cursor } = readQuery(ctx, workerQuery)
        ctx.body = await listWorkers(context, callerOf(ctx), {
          ...(limit !== undefined && { limit }),
          ...(cursor !== undefined && { cursor }),
        })
      },
    },
    {
      method: 'get',
      path: '/v1/fleet',
      scope: 'admin',
      operation: {
        operationId: 'getFleet',
        tags,
        summary: 'What the master last saw and decided',
        responses: answers(200, 'The fleet', fleet),
      },
      async handle(ctx) {
        ctx.body = await getFleet(context)
      },
    },
  ]
}
