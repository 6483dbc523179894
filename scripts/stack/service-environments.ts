import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { storeCredentials } from './store-credentials.ts'

/** What a stack is made of. The folder and the ports make it another than its neighbour's. */
export interface StackPlan {
  /** Everything that the stack keeps: store, key, logs, workers' files. Made when it is not there. */
  readonly dataFolder: string
  /** Where the frontend listens; the rest stays on loopback. */
  readonly host: string
  readonly ports: { readonly frontend: number; readonly s3: number; readonly sqs: number }
  /** Laid over what the services get otherwise. */
  readonly environment?: Readonly<Record<string, string>>
  /** Laid over that of one service alone. */
  readonly environmentOf?: {
    readonly [Name in 'frontend' | 'master']?: Readonly<Record<string, string>>
  }
}

export interface ServiceEnvironments {
  readonly localcloud: Readonly<Record<string, string>>
  readonly frontend: Readonly<Record<string, string>>
  readonly master: Readonly<Record<string, string>>
  readonly url: string
  readonly storeUrl: string
  readonly keyFile: string
  readKey(): Promise<string>
}

/** The fleet's name, and where the process driver keeps pid files, logs and workspaces. */
export const FLEET = 'reelmill'
export const machinesFolder = (dataFolder: string): string => path.join(dataFolder, 'fleet')

const LOOPBACK = '127.0.0.1'
const compileCache = fileURLToPath(new URL('../../node_modules/.cache/reelmill-compile', import.meta.url))

/**
 * The environment of each service: the user's own, without what would lead the AWS SDK elsewhere (a profile, a
 * session token), and with this stack's places and ports.
 */
export async function serviceEnvironments(plan: StackPlan): Promise<ServiceEnvironments> {
  const { dataFolder, host, ports } = plan
  const credentials = storeCredentials(dataFolder)
  const url = `http://${host === '0.0.0.0' || host === '::' ? LOOPBACK : host}:${ports.frontend}`
  const storeUrl = `http://${LOOPBACK}:${ports.s3}`
  const keyFile = path.join(dataFolder, 'key')
  const common = {
    ...inherited(),
    NODE_ENV: 'production',
    NODE_COMPILE_CACHE: compileCache,
    REELMILL_DATA: dataFolder,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: credentials.media.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.media.secretAccessKey,
    REELMILL_STATE_ACCESS_KEY_ID: credentials.state.accessKeyId,
    REELMILL_STATE_SECRET_ACCESS_KEY: credentials.state.secretAccessKey,
    AWS_ENDPOINT_URL_S3: storeUrl,
    AWS_ENDPOINT_URL_SQS: `http://${LOOPBACK}:${ports.sqs}`,
    REELMILL_CREATE_BUCKETS: 'true',
    // Here a look costs no money, but CPU time that ffmpeg wants. A heartbeat carries progress, and a watch shows it.
    REELMILL_HEARTBEAT_SEC: '1',
    REELMILL_LEASE_CHECK_SEC: '2',
    REELMILL_TICK_SEC: '4',
    REELMILL_IDLE_TICK_SEC: '4',
    REELMILL_WATCH_SEC: '0.1',
    ...plan.environment,
  }
  return {
    localcloud: {
      ...common,
      REELMILL_LOCALCLOUD_HOST: LOOPBACK,
      REELMILL_LOCALCLOUD_S3_PORT: String(ports.s3),
      REELMILL_LOCALCLOUD_SQS_PORT: String(ports.sqs),
    },
    frontend: {
      ...common,
      REELMILL_HOST: host,
      REELMILL_PORT: String(ports.frontend),
      REELMILL_FIRST_KEY_FILE: keyFile,
      ...plan.environmentOf?.frontend,
    },
    master: {
      ...common,
      REELMILL_FLEET_NAME: FLEET,
      REELMILL_WORKERS_ON_STOP: 'terminate',
      ...plan.environmentOf?.master,
    },
    url,
    storeUrl,
    keyFile,
    readKey: async () => (await readFile(keyFile, 'utf8')).trim(),
  }
}

function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || name.startsWith('AWS_') || name.startsWith('npm_') ? [] : [[name, value]],
    ),
  )
}
