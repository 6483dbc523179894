import { existsSync } from 'node:fs'
import path from 'node:path'
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
import { runKeysCommand, usage } from './keys/keys-command.ts'
import { serviceEnvironments } from './stack/service-environments.ts'

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
  const environment = await environmentOfState()
  const config = readConfig(keysConfig, environment)
  const endpoint =
    config.REELMILL_STATE_ENDPOINT_URL ?? config.AWS_ENDPOINT_URL_S3 ?? config.AWS_ENDPOINT_URL ?? 'AWS'
  note(`State: the bucket ${config.REELMILL_STATE_BUCKET} at ${endpoint}.`)
  const clock = systemClock
  const stores = await openStores(config, { clock, log: createLog({ service: 'keys', level: 'silent' }) })
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

/** The process's own environment when it names a store; else that of the stack whose data is here. */
async function environmentOfState(): Promise<NodeJS.ProcessEnv> {
  const dataFolder = path.resolve(process.env.REELMILL_DATA || 'data')
  const isNamed = [
    'AWS_ENDPOINT_URL_S3',
    'AWS_ENDPOINT_URL',
    'REELMILL_STATE_ENDPOINT_URL',
    'REELMILL_STATE_BUCKET',
  ].some((name) => process.env[name])
  if (isNamed || !existsSync(path.join(dataFolder, 'store-credentials.json'))) return process.env
  const port = (name: string, usual: number) => Number(process.env[name] || usual)
  const { frontend } = await serviceEnvironments({
    dataFolder,
    host: '127.0.0.1',
    ports: {
      frontend: port('REELMILL_PORT', 8080),
      s3: port('REELMILL_LOCALCLOUD_S3_PORT', 9000),
      sqs: port('REELMILL_LOCALCLOUD_SQS_PORT', 9324),
    },
  })
  // The SDK reads its credentials from the process.
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) process.env[name] = frontend[name]
  note(`The data of \`npm start\` is in ${dataFolder}; it must be running.`)
  return frontend
}
