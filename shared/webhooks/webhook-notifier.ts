import { Webhook } from 'standardwebhooks'
import type { Clock } from '#shared/clock.ts'
import { hasCode, messageOf } from '#shared/errors.ts'
import type { DeliveryAnswer, JobEventMessage, Notifier } from '#shared/jobs/notifier.ts'
import type { FrozenNotify, JobRecord } from '#shared/jobs/record.ts'
import type { Log } from '#shared/log.ts'
import type { Destination } from '#shared/webhooks/check-destination.ts'
import { eventBody, eventId } from '#shared/webhooks/event.ts'
import { postPinned } from '#shared/webhooks/post-pinned.ts'
import { nextDelivery } from '#shared/webhooks/schedule.ts'

export interface WebhookNotifierOptions {
  /** The secrets that sign a tenant's messages, newest first: a receiver may know the old one or the new one. */
  readonly secretsOf: (tenant: string) => Promise<readonly string[]>
  /** Resolves and checks an address, anew for each delivery. Throws `destination-refused`. */
  readonly check: (address: string) => Promise<Destination>
  readonly clock: Clock
  readonly log: Log
  /** For the whole delivery, from resolving to the answer's headers. */
  readonly timeoutMs?: number
}

/**
 * Sends events as signed POSTs, as the Standard Webhooks specification 1.0 says. Any 2xx is success; 410 Gone means
 * never again; everything else, redirects included, is tried again on the schedule.
 */
export class WebhookNotifier implements Notifier {
  readonly #o: WebhookNotifierOptions

  constructor(options: WebhookNotifierOptions) {
    this.#o = options
  }

  nextTryMs(attempts: number): number | undefined {
    return nextDelivery(attempts)
  }

  async deliver(
    job: JobRecord,
    notify: FrozenNotify,
    message: JobEventMessage,
    signal?: AbortSignal,
  ): Promise<DeliveryAnswer> {
    const { clock, log, timeoutMs = 15_000 } = this.#o
    const timeout = AbortSignal.timeout(timeoutMs)
    const startedMs = clock.monotonicMs()
    const facts = { jobId: job.id, event: message.type, host: URL.parse(notify.url)?.host }
    try {
      const status = await this.#post(
        job,
        notify,
        message,
        signal ? AbortSignal.any([signal, timeout]) : timeout,
      )
      log.info({ ...facts, status, tookMs: Math.round(clock.monotonicMs() - startedMs) }, 'webhook answered')
      if (status >= 200 && status < 300) return { outcome: 'delivered' }
      if (status === 410) return { outcome: 'refused', reason: 'the receiver answered 410 Gone' }
      const hint = status >= 300 && status < 400 ? '; redirects are not followed' : ''
      return { outcome: 'failed', reason: `the receiver answered ${status}${hint}` }
    } catch (error) {
      signal?.throwIfAborted() // we are stopping: that is no answer of the receiver's
      const reason = timeout.aborted ? `no answer within ${timeoutMs / 1000} s` : messageOf(error)
      log.warn({ ...facts, reason }, 'webhook not delivered')
      // A private address is no destination; a name that cannot be resolved now may be another time.
      const isRefused = hasCode(error, 'destination-refused') && error.cause === undefined
      return { outcome: isRefused ? 'refused' : 'failed', reason }
    }
  }

  async #post(
    job: JobRecord,
    notify: FrozenNotify,
    message: JobEventMessage,
    signal: AbortSignal,
  ): Promise<number> {
    const { secretsOf, check, clock } = this.#o
    const destination = await check(notify.url)
    const body = eventBody(job, message)
    const id = eventId(message)
    const sentAt = new Date(clock.now())
    const secrets = await secretsOf(job.tenant)
    return postPinned(
      destination,
      {
        'content-type': 'application/json',
        'user-agent': 'Reelmill-Webhooks/1',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
        'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, sentAt, body)).join(' '),
      },
      body,
      signal,
    )
  }
}
