import type { Clock } from '#shared/clock.ts'
import type { JobTimes } from '#shared/jobs/times.ts'
import type { Log } from '#shared/log.ts'
import type { BellQueue } from '#shared/queue/bell-queue.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import type { MediaStore } from '#shared/storage/media-store.ts'
import type { Tenants } from '#shared/tenants/tenants.ts'
import type { Limits } from './limits.ts'
import type { OpenJobQuota } from './open-job-quota.ts'

/** What operations work with. They know neither HTTP nor XML; REST and SOAP are skins over them. */
export interface OperationContext {
  readonly store: StateStore
  readonly media: MediaStore
  readonly queue: BellQueue
  readonly clock: Clock
  readonly log: Log
  readonly times: JobTimes
  readonly tenants: Tenants
  readonly limits: Limits
  readonly openJobs: OpenJobQuota
  /** Where clients reach this service, without a slash at the end: stable URLs in answers begin with it. */
  readonly publicUrl: string
  /** Buckets that no job may read by an s3:// location, whoever granted it: they hold all tenants' things. */
  readonly ownBuckets: readonly string[]
  /** Throws `destination-refused` unless webhooks may go there. */
  checkDestination(url: string): Promise<unknown>
}
