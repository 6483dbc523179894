import type { FrozenNotify, JobRecord } from '#shared/jobs/record.ts'

/** What a client is told about a job that ended. */
export interface JobEventMessage {
  /** `jobId.fence.type`: the same for every repeat, so that receivers can drop doubles. */
  readonly id: string
  readonly type: `job.${'succeeded' | 'failed' | 'canceled'}`
  /** RFC 3339: when it happened, not when it was sent. */
  readonly timestamp: string
}

export type DeliveryAnswer =
  | { readonly outcome: 'delivered' }
  /** Try again on the schedule. */
  | { readonly outcome: 'failed'; readonly reason: string }
  /** The receiver said never again (410), or the destination is not allowed. */
  | { readonly outcome: 'refused'; readonly reason: string }

/** Tells one destination about one event. Never throws for what the destination does. */
export interface Notifier {
  deliver(
    job: JobRecord,
    notify: FrozenNotify,
    event: JobEventMessage,
    signal?: AbortSignal,
  ): Promise<DeliveryAnswer>
  /** Milliseconds until try number `attempts + 1`, or `undefined` to give up. */
  nextTryMs(attempts: number): number | undefined
}
