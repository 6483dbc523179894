import { openStores } from '#shared/aws/stores-config.ts'
import { systemClock } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { hasCode, messageOf } from '#shared/errors.ts'
import { jobTimes } from '#shared/jobs/times-config.ts'
import { createLog } from '#shared/log.ts'
import { release } from '#shared/release.ts'
import { Service } from '#shared/service.ts'
import { ensureFirstKey } from '#shared/tenants/ensure-first-key.ts'
import { Keys } from '#shared/tenants/keys.ts'
import { SecretBox } from '#shared/tenants/secret-box.ts'
import { Tenants } from '#shared/tenants/tenants.ts'
import { Users } from '#shared/tenants/users.ts'
import { frontendConfig, limitsOf, soapLimitsOf } from './config.ts'
import { openSoapCodec } from './soap/soap-middleware.ts'
import { startFrontend } from './start-frontend.ts'

// Uploads under way get so long to end.
const GRACE_MS = 30_000

async function main(): Promise<void> {
  const config = readConfig(frontendConfig, process.env)
  const times = jobTimes(config)
  const log = createLog({ service: 'frontend', level: config.REELMILL_LOG_LEVEL })
  const clock = systemClock
  const service = new Service({ log, graceMs: GRACE_MS })
  const stores = await openStores(config, { clock, log, signal: service.stopping })
  service.add({ name: 'stores', close: stores.close })

  const tenants = new Tenants({ store: stores.store, clock })
  if (config.REELMILL_FIRST_KEY_FILE !== undefined) {
    const keys = new Keys({ store: stores.store, clock, tenants })
    const first = await ensureFirstKey(keys, config.REELMILL_FIRST_KEY_FILE)
    log.info({ made: first.made, path: config.REELMILL_FIRST_KEY_FILE }, 'the first key is in this file')
  }
  // Before anyone is told that this is ready, or the first call of all would wait for it. The stores' buckets are
  // there by now, so that nobody else waits.
  const soapCodec = await openSoapCodec()
  log.debug({}, 'the SOAP codec is open')
  const secretsKey = config.REELMILL_SECRETS_KEY
  const frontend = await startFrontend(
    {
      ...stores,
      clock,
      log,
      times,
      limits: limitsOf(config),
      soapLimits: soapLimitsOf(config),
      soapCodec,
      ...(secretsKey !== undefined && {
        users: new Users({ store: stores.store, clock, tenants, box: new SecretBox(secretsKey) }),
      }),
      settings: {
        release,
        ...(config.REELMILL_PUBLIC_URL !== undefined && { publicUrl: config.REELMILL_PUBLIC_URL }),
        ownBuckets: [config.REELMILL_STATE_BUCKET, config.REELMILL_MEDIA_BUCKET],
        allowPrivateWebhooks: config.REELMILL_WEBHOOKS_ALLOW_PRIVATE,
        watchPollMs: config.REELMILL_WATCH_SEC,
        keyRememberMs: config.REELMILL_KEY_CACHE_SEC,
        trustProxy: config.REELMILL_TRUST_PROXY,
        metricsArePublic: config.REELMILL_METRICS_PUBLIC,
        measureProcess: true,
      },
    },
    { host: config.REELMILL_HOST, port: config.REELMILL_PORT },
  )
  service.add({
    name: 'http',
    stopTaking: frontend.stopTaking,
    finish: frontend.finish,
    close: frontend.close,
  })
  log.info({ url: frontend.url }, 'ready')
  await service.untilStopped()
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${forOperator(error)}\n`)
    process.exit(1)
  },
)

/** The sentence, and of a store that does not answer also where it was looked for. */
function forOperator(error: unknown): string {
  const cause = hasCode(error, 'store-unavailable', 'queue-unavailable') ? error.cause : undefined
  return messageOf(error) + (cause === undefined ? '' : ` (${messageOf(cause)})`)
}
