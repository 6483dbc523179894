import type { Stores } from '#shared/aws/stores-config.ts'
import { systemClock } from '#shared/clock.ts'
import { Sweep } from '#shared/jobs/sweep.ts'
import type { JobTimes } from '#shared/jobs/times.ts'
import type { Log } from '#shared/log.ts'
import { openNotifier } from '#shared/webhooks/open-notifier.ts'

/** The sweep that a worker walks while it is idle, webhooks included. */
export function openIdleSweep(
  stores: Stores,
  options: { readonly times: JobTimes; readonly webhooksAllowPrivate: boolean; readonly log: Log },
): Sweep {
  const { store, media, queue } = stores
  const { times, webhooksAllowPrivate: allowPrivate, log } = options
  const notifier = openNotifier({ store, clock: systemClock, log, allowPrivate })
  return new Sweep({ store, media, queue, notifier, clock: systemClock, log, times })
}
