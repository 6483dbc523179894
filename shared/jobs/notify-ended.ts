import { type Clock, isoTime } from '#shared/clock.ts'
import type { JobEventMessage, Notifier } from '#shared/jobs/notifier.ts'
import { type Delivery, isEnded, type JobRecord } from '#shared/jobs/record.ts'
import { transition } from '#shared/jobs/transition.ts'
import type { Found, StateStore } from '#shared/state/state-store.ts'

/**
 * Tells everyone who asked about an ended job, once for each destination and again on the schedule until it is
 * taken or given up; then the record says so. Several sweeps may do this at once: a receiver may hear an event
 * twice (with the same id), never not at all. Returns the job as it stands afterwards.
 */
export async function notifyEnded(
  context: { readonly store: StateStore; readonly clock: Clock; readonly notifier: Notifier },
  found: Found<JobRecord>,
  signal?: AbortSignal,
): Promise<Found<JobRecord>> {
  const { store, clock, notifier } = context
  const job = found.value
  const { delivery } = job
  if (!isEnded(job.status) || delivery.status !== 'pending') return found
  if (delivery.nextAt !== undefined && delivery.nextAt > isoTime(clock.now())) return found

  const event = eventOf(job)
  const delivered = new Set(delivery.delivered)
  const reasons: string[] = []
  let refused = 0
  for (const [index, notify] of job.notify.entries()) {
    if (delivered.has(index) || !notify.events.includes(event.type)) continue
    const answer = await notifier.deliver(job, notify, event, signal)
    if (answer.outcome === 'delivered') delivered.add(index)
    else reasons.push(`${notify.url}: ${answer.reason}`)
    if (answer.outcome === 'refused') refused++
  }

  const next = outcome(delivery, [...delivered], reasons, refused, notifier, clock)
  const swapped = await store.swap<JobRecord>(
    found,
    (current) => transition(current, { type: 'deliver', delivery: next, at: clock.now() }),
    (current) => current.kind !== 'job' || current.delivery.attempts >= next.attempts,
  )
  return swapped.found ?? found
}

function outcome(
  before: Delivery,
  delivered: number[],
  reasons: readonly string[],
  refused: number,
  notifier: Notifier,
  clock: Clock,
): Delivery {
  const attempts = before.attempts + 1
  if (reasons.length === 0) return { status: 'delivered', delivered, attempts }
  const error = reasons.join('; ').slice(0, 500)
  const waitMs = refused === reasons.length ? undefined : notifier.nextTryMs(attempts)
  return waitMs === undefined
    ? { status: 'failed', delivered, attempts, error }
    : { status: 'pending', delivered, attempts, error, nextAt: isoTime(clock.now() + waitMs) }
}

function eventOf(job: JobRecord): JobEventMessage {
  const type = `job.${job.status}` as JobEventMessage['type'] // ended, so one of the three
  return { id: `${job.id}.${job.fence}.${type}`, type, timestamp: job.endedAt ?? job.createdAt }
}
