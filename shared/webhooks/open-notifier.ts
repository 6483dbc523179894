import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import { Tenants } from '#shared/tenants/tenants.ts'
import { checkDestination } from '#shared/webhooks/check-destination.ts'
import { WebhookNotifier } from '#shared/webhooks/webhook-notifier.ts'

/** The notifier of every sweep: signs with the tenants' own secrets, and goes to private addresses only if told so. */
export function openNotifier(context: {
  readonly store: StateStore
  readonly clock: Clock
  readonly log: Log
  readonly allowPrivate: boolean
}): WebhookNotifier {
  const { clock, log, allowPrivate } = context
  const tenants = new Tenants(context)
  return new WebhookNotifier({
    secretsOf: (tenant) => tenants.webhookSecrets(tenant),
    check: (url) => checkDestination(url, { allowPrivate }),
    clock,
    log,
  })
}
