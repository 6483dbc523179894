import { existsSync } from 'node:fs'
import path from 'node:path'
import type { AwsCredentials } from '#shared/aws/client-options.ts'
import { serviceEnvironments } from './service-environments.ts'

export interface StateEnvironment {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Of media and queue; absent means the SDK's own chain. */
  readonly credentials?: AwsCredentials
  /** The folder of the stack whose stores these are, when they are those of `npm start`. */
  readonly dataFolder?: string
}

/**
 * Which stores a tool of the operator means: those that `own`, the process's environment, names; else those of the
 * stack whose data lies in `cwd` (or REELMILL_DATA), which must be running; else AWS.
 */
export async function environmentOfState(own: NodeJS.ProcessEnv, cwd: string): Promise<StateEnvironment> {
  const dataFolder = path.resolve(cwd, own.REELMILL_DATA || 'data')
  const isNamed = namesOfStores.some((name) => own[name])
  if (isNamed || !existsSync(path.join(dataFolder, 'store-credentials.json'))) return { environment: own }
  const port = (name: string, usual: number) => Number(own[name] || usual)
  const { frontend } = await serviceEnvironments({
    dataFolder,
    host: '127.0.0.1',
    ports: {
      frontend: port('REELMILL_PORT', 8080),
      s3: port('REELMILL_LOCALCLOUD_S3_PORT', 9000),
      sqs: port('REELMILL_LOCALCLOUD_SQS_PORT', 9324),
    },
  })
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = frontend
  // A tool looks; when nothing is there it says so at once, rather than make it.
  const environment = { ...frontend, REELMILL_CREATE_BUCKETS: 'false' }
  return { environment, credentials: { accessKeyId, secretAccessKey }, dataFolder }
}

const namesOfStores = [
  'AWS_ENDPOINT_URL_S3',
  'AWS_ENDPOINT_URL',
  'REELMILL_STATE_ENDPOINT_URL',
  'REELMILL_STATE_BUCKET',
]
