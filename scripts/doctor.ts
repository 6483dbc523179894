import { z } from 'zod'
import type { AwsCredentials } from '#shared/aws/client-options.ts'
import { openStores, storesConfig } from '#shared/aws/stores-config.ts'
import { systemClock } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { assertStoreIsSafe } from '#shared/doctor/assert-store-is-safe.ts'
import type { ProbeVerdict } from '#shared/doctor/probe-objects.ts'
import { hasCode, messageOf } from '#shared/errors.ts'
import { createLog } from '#shared/log.ts'
import { findJail } from '../services/worker/ffmpeg/jail.ts'
import { onlyUsage } from './only-usage.ts'
import { environmentOfState } from './stack/environment-of-state.ts'

const usage = `npm run doctor

  looks at everything that Reelmill stands on and says in one line each what it found: the stores and the queue that
  the environment names (AWS_ENDPOINT_URL_S3, REELMILL_STATE_BUCKET, ...), else those of \`npm start\` when its data is in
  ./data (or REELMILL_DATA), else AWS; and ffmpeg with its jail. The exit code is 1 when anything fails.`

const doctorConfig = z.object({
  ...storesConfig.shape,
  REELMILL_JAIL: z.enum(['auto', 'bwrap', 'none']).default('auto'),
})

let sick = false

function say(passed: boolean, what: string, detail: string): void {
  sick ||= !passed
  process.stdout.write(`${passed ? '  ok  ' : ' FAIL '} ${what.padEnd(22)} ${detail}\n`)
}

async function examine(what: string, look: () => Promise<string>): Promise<void> {
  try {
    say(true, what, await look())
  } catch (error) {
    say(false, what, withCause(error))
  }
}

/** The sentence and what was underneath: the doctor's reader is the operator, who wants to know. */
function withCause(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : ''
  return messageOf(error) + cause
}

async function examineStores(
  config: z.output<typeof doctorConfig>,
  credentials: AwsCredentials | undefined,
): Promise<void> {
  const context = { clock: systemClock, log: createLog({ service: 'doctor', level: 'silent' }) }
  let probes: readonly ProbeVerdict[]
  try {
    const stores = await openStores(config, { ...context, ...(credentials && { credentials }) })
    try {
      probes = await assertStoreIsSafe(stores.examined, { ...context, fresh: true })
      await examine('media store', async () => {
        await stores.media.ping()
        return `the bucket ${config.REELMILL_MEDIA_BUCKET} answers`
      })
      await examine(
        'queue',
        async () => `${config.REELMILL_QUEUE_NAME}: ${await stores.queue.depth()} bells wait`,
      )
    } finally {
      stores.close()
    }
  } catch (error) {
    if (!hasCode(error, 'store-unsafe')) return say(false, 'stores', withCause(error))
    probes = (error.facts.failed ?? []) as readonly ProbeVerdict[]
    say(false, 'state store', error.message)
  }
  for (const { probe, passed, detail } of probes) say(passed, `state: ${probe}`, detail)
}

async function examineAll(): Promise<void> {
  const { environment, credentials, dataFolder } = await environmentOfState(process.env, process.cwd())
  const config = readConfig(doctorConfig, environment)
  const where = config.AWS_ENDPOINT_URL_S3 ?? config.AWS_ENDPOINT_URL ?? 'AWS'
  const whose =
    dataFolder === undefined ? '' : `, the stores of \`npm start\` in ${dataFolder}; it must be running`
  process.stdout.write(`Examining ${where}${whose}\n`)
  await examineStores(config, credentials)
  await examine('ffmpeg and its jail', async () => {
    const wanted = config.REELMILL_JAIL === 'auto' ? 'bwrap' : config.REELMILL_JAIL
    const { kind, ffmpeg } = await findJail({ wanted, searchPath: process.env.PATH ?? '' })
    return kind === 'bwrap'
      ? `${ffmpeg} runs in bwrap`
      : `${ffmpeg} runs WITHOUT a jail, as asked: only for inputs that you trust`
  })
}

if (!onlyUsage(usage, process)) {
  try {
    await examineAll()
  } catch (error) {
    say(false, 'configuration', messageOf(error))
  }
  process.exitCode = sick ? 1 : 0
}
