import Koa from 'koa'
import type { Clock } from '#shared/clock.ts'
import { hasCode } from '#shared/errors.ts'
import type { JobTimes } from '#shared/jobs/times.ts'
import type { Log } from '#shared/log.ts'
import type { BellQueue } from '#shared/queue/bell-queue.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import type { MediaStore } from '#shared/storage/media-store.ts'
import { KeyRing } from '#shared/tenants/key-ring.ts'
import { Keys } from '#shared/tenants/keys.ts'
import { Nonces } from '#shared/tenants/nonces.ts'
import { Tenants } from '#shared/tenants/tenants.ts'
import type { Users } from '#shared/tenants/users.ts'
import { checkDestination } from '#shared/webhooks/check-destination.ts'
import { bindSoap } from './bind-soap.ts'
import { HealthCheck } from './operations/check-health.ts'
import type { OperationContext } from './operations/context.ts'
import { JobWatch } from './operations/job-watch.ts'
import type { Limits } from './operations/limits.ts'
import { OpenJobQuota } from './operations/open-job-quota.ts'
import { beginBody } from './rest/begin-body.ts'
import { openApiDocument } from './rest/docs/openapi.ts'
import { docsRoutes } from './rest/docs/routes.ts'
import { fleetRoutes } from './rest/fleet/routes.ts'
import { healthRoutes } from './rest/health/routes.ts'
import { outputRoutes } from './rest/jobs/outputs.ts'
import { jobRoutes } from './rest/jobs/routes.ts'
import { JobFigures } from './rest/metrics/job-figures.ts'
import { Metrics } from './rest/metrics/metrics.ts'
import { metricsRoutes } from './rest/metrics/routes.ts'
import { accessLog } from './rest/middleware/access-log.ts'
import { problems } from './rest/middleware/problems.ts'
import { RateLimits } from './rest/middleware/rate-limit.ts'
import { requestId } from './rest/middleware/request-id.ts'
import { unreadBody } from './rest/middleware/unread-body.ts'
import { mountRoutes, refuseUnknown } from './rest/mount-routes.ts'
import { presetRoutes } from './rest/presets/routes.ts'
import type { RequestState, Route } from './rest/route.ts'
import { uploadRoutes } from './rest/uploads/routes.ts'
import { authenticate as authenticateSoap } from './soap/security/authenticate.ts'
import type { SoapLimits } from './soap/soap-limits.ts'
import { type SoapDependencies, soapMiddleware } from './soap/soap-middleware.ts'

/** Everything that the frontend works with; main.ts reads the environment and makes it, tests make it small. */
export interface FrontendDependencies {
  readonly store: StateStore
  readonly media: MediaStore
  readonly queue: BellQueue
  readonly clock: Clock
  readonly log: Log
  readonly times: JobTimes
  readonly limits: Limits
  readonly soapLimits: SoapLimits
  readonly settings: FrontendSettings
  /** Users that may use PasswordDigest in SOAP; left out, there are none. */
  readonly users?: Pick<Users, 'find'>
  /** Left out, the first SOAP call opens it. */
  readonly soapCodec?: SoapDependencies['codec']
}

export interface FrontendSettings {
  /** The version that answers and documents name. */
  readonly release: string
  /** Where clients reach this service; left out, where it listens. */
  readonly publicUrl?: string
  readonly ownBuckets: readonly string[]
  readonly allowPrivateWebhooks: boolean
  /** How often a watched job is looked at. */
  readonly watchPollMs: number
  /** How long a key's record is believed. */
  readonly keyRememberMs: number
  /** Believe X-Forwarded-For: only behind a proxy that sets it. */
  readonly trustProxy: boolean
  readonly metricsArePublic: boolean
  /** Also measure this process (memory, event loop, garbage collection). */
  readonly measureProcess: boolean
}

/** The frontend as a Koa application, and what else the process needs of it. */
export interface Frontend {
  readonly app: Koa<RequestState>
  /** What operations work with, for the SOAP room. */
  readonly operations: OperationContext
  readonly keyRing: KeyRing
  readonly routes: readonly Route[]
  readonly watch: JobWatch
  /** From now on not ready, so that load balancers turn away before it ends. */
  stopTaking(): void
}

/** Puts the frontend together. `publicUrl` has no slash at the end. Opens nothing. */
export function createFrontend(dependencies: FrontendDependencies, publicUrl: string): Frontend {
  const { store, clock, log, times, limits, settings } = dependencies
  const tenants = new Tenants({ store, clock })
  const keyRing = new KeyRing({
    keys: new Keys({ store, clock, tenants }),
    clock,
    rememberMs: settings.keyRememberMs,
  })
  const operations: OperationContext = {
    ...dependencies,
    tenants,
    openJobs: new OpenJobQuota({ store, clock }, limits.maxOpenJobs),
    publicUrl,
    ownBuckets: settings.ownBuckets,
    checkDestination: (url) => checkDestination(url, { allowPrivate: settings.allowPrivateWebhooks }),
  }
  const metrics = new Metrics(new JobFigures(dependencies), { measureProcess: settings.measureProcess })
  const watch = new JobWatch({
    ...{ store, clock, log },
    pollMs: settings.watchPollMs,
    heartbeatMs: times.heartbeatMs,
  })
  const rateLimits = new RateLimits(limits)
  const stopping = new AbortController()
  const routes: Route[] = [
    ...uploadRoutes(operations),
    ...jobRoutes(operations, { watch, stopping: stopping.signal }),
    ...outputRoutes(operations),
    ...presetRoutes(),
    ...fleetRoutes(operations),
    ...healthRoutes(new HealthCheck(dependencies), stopping.signal),
    ...metricsRoutes(metrics, settings.metricsArePublic),
    ...docsRoutes(() => document),
  ]
  const document = openApiDocument(routes, { publicUrl, release: settings.release })

  const app = new Koa<RequestState>({ proxy: settings.trustProxy })
  app.use(requestId(clock, log))
  app.use(accessLog(clock, (sample) => metrics.observeRequest(sample)))
  app.use(unreadBody())
  app.use(problems(publicUrl))
  app.use(soapMiddleware(soapDependencies(dependencies, { operations, keyRing, rateLimits })))
  app.use(mountRoutes(routes, { keyRing, rateLimits }).routes())
  app.use(refuseUnknown(routes))
  // What fails after the answer has begun, such as a client that leaves in the middle of events.
  app.on('error', (error: unknown) => log.debug({ err: error }, 'an answer could not be sent to its end'))
  return {
    app,
    operations,
    keyRing,
    routes,
    watch,
    stopTaking: () => stopping.abort(new Error('the frontend is stopping')),
  }
}

/** What the SOAP room needs: the same operations, keys and rates as REST. */
function soapDependencies(
  { users, store, clock, settings, soapLimits, soapCodec }: FrontendDependencies,
  own: { readonly operations: OperationContext; readonly keyRing: KeyRing; readonly rateLimits: RateLimits },
): SoapDependencies {
  const { operations, keyRing, rateLimits } = own
  const identities = {
    byKey: (key: string) => keyRing.authenticate(key),
    byUser: async (name: string) => users?.find(name),
    nonces: new Nonces({ store, clock }),
    clock,
    createdWindowMs: soapLimits.createdWindowMs,
  }
  return {
    limits: soapLimits,
    codec: soapCodec,
    operations: bindSoap(operations),
    publicUrl: settings.publicUrl,
    beginBody: ({ req, res }) => beginBody(req, res),
    async authenticate(credentials, address) {
      try {
        const caller = await authenticateSoap(credentials, identities)
        await rateLimits.countRequest(caller.keyId)
        return caller
      } catch (error) {
        if (hasCode(error, 'unauthenticated')) await rateLimits.countBadKey(address)
        throw error
      }
    },
  }
}
