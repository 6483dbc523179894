import { z } from 'zod'
import { openStores, storesConfig } from '#shared/aws/stores-config.ts'
import { systemClock } from '#shared/clock.ts'
import { readConfig } from '#shared/config.ts'
import { messageOf } from '#shared/errors.ts'
import { createLog } from '#shared/log.ts'
import { Keys } from '#shared/tenants/keys.ts'
import { SecretBox } from '#shared/tenants/secret-box.ts'
import { Tenants } from '#shared/tenants/tenants.ts'
import { Users } from '#shared/tenants/users.ts'
import { frontendConfig } from '../services/frontend/config.ts'
import { parseKeysCommand, runKeysCommand, usage } from './keys/keys-command.ts'
import { environmentOfState } from './stack/environment-of-state.ts'

// `npm run keys`: makes, lists and revokes keys, and what else an administrator decides about tenants. It writes to
// the state store itself: the one that the environment names, or else that of `npm start`, which must be running.

const keysConfig = z.object({
  ...storesConfig.shape,
  REELMILL_SECRETS_KEY: frontendConfig.shape.REELMILL_SECRETS_KEY,
})

const note = (line: string) => process.stderr.write(`${line}\n`)
const result = (line: string) => process.stdout.write(`${line}\n`)

const args = process.argv.slice(2)
if (args.length === 0 || args[0] === 'help' || args.includes('--help')) {
  note(usage)
} else {
  try {
    await run()
  } catch (error) {
    note(messageOf(error))
    process.exitCode = 1
  }
}

async function run(): Promise<void> {
  parseKeysCommand(args)
  const { environment, credentials, dataFolder } = await environmentOfState(process.env, process.cwd())
  if (dataFolder !== undefined) note(`The data of \`npm start\` is in ${dataFolder}; it must be running.`)
  const config = readConfig(keysConfig, environment)
  const endpoint =
    config.REELMILL_STATE_ENDPOINT_URL ?? config.AWS_ENDPOINT_URL_S3 ?? config.AWS_ENDPOINT_URL ?? 'AWS'
  note(`State: the bucket ${config.REELMILL_STATE_BUCKET} at ${endpoint}.`)
  const clock = systemClock
  const log = createLog({ service: 'keys', level: 'silent' })
  const stores = await openStores(config, { clock, log, ...(credentials && { credentials }) })
  try {
    const tenants = new Tenants({ store: stores.store, clock })
    const keys = new Keys({ store: stores.store, clock, tenants })
    const box =
      config.REELMILL_SECRETS_KEY === undefined ? undefined : new SecretBox(config.REELMILL_SECRETS_KEY)
    const users = box && new Users({ store: stores.store, clock, tenants, box })
    await runKeysCommand(args, { tenants, keys, users, result, note })
  } finally {
    stores.close()
  }
}
