import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Context } from 'mocha'
import { testCredentials } from '../../support/localcloud.ts'
import { skipOrFail } from '../../support/skip-or-fail.ts'

/** The S3 clients that the local cloud is held against, none of which was written here. */
export const clients = ['SDK v3', 'AWS CLI', 'boto3', 's3cmd', 'rclone'] as const
export type Client = (typeof clients)[number]

const bin = new URL('../../../node_modules/.cache/localcloud-clients/bin/', import.meta.url).pathname
const script = new URL('./boto3_client.py', import.meta.url).pathname
const awsConfig = new URL('./aws-config.ini', import.meta.url).pathname

export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

type Command = [string, ...string[]]

export interface ClientCommand {
  readonly command: Command
  readonly env: Readonly<Record<string, string>>
}
type ToCommand = (...args: string[]) => ClientCommand

/** Those that are commands. */
export type CommandClient = 'aws' | 'boto3' | 's3cmd' | 'rclone'

/** The command lines of each client against the store at `url`. */
export function commandsFor(
  url: string,
  keys: Keys = testCredentials,
): Readonly<Record<CommandClient, ToCommand>> {
  const awsEnv = {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: url,
    AWS_CONFIG_FILE: awsConfig,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
    HOME: '/nonexistent',
  }
  const rcloneEnv = {
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_STORE_TYPE: 's3',
    RCLONE_CONFIG_STORE_PROVIDER: 'Other',
    RCLONE_CONFIG_STORE_ENDPOINT: url,
    RCLONE_CONFIG_STORE_ACCESS_KEY_ID: keys.accessKeyId,
    RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY: keys.secretAccessKey,
    RCLONE_LOW_LEVEL_RETRIES: '1',
    RCLONE_RETRIES: '1',
    HOME: '/nonexistent',
  }
  const { host } = new URL(url)
  return {
    /** The AWS CLI: `aws('s3', 'sync', ...)`. */
    aws: (...args: string[]) => ({ command: [join(bin, 'aws'), ...args], env: awsEnv }),
    /** A function of boto3_client.py. Its answer is JSON. */
    boto3: (...args: string[]) => ({
      command: [join(bin, 'python3'), script, ...args],
      env: awsEnv,
    }),
    s3cmd: (...args: string[]) => ({
      command: [
        's3cmd',
        '--config=/dev/null',
        `--access_key=${keys.accessKeyId}`,
        `--secret_key=${keys.secretAccessKey}`,
        `--host=${host}`,
        `--host-bucket=${host}`,
        '--no-ssl',
        '--no-progress',
        ...args,
      ],
      env: { HOME: '/nonexistent' },
    }),
    /** The remote is called `store:`. */
    rclone: (...args: string[]) => ({ command: ['rclone', ...args], env: rcloneEnv }),
  }
}

/** Skips at home, with one loud line, a test whose client is not installed; with CI=true fails it. */
export function requireClient(test: Context, client: Client): void {
  if (isInstalled(client)) return
  skipOrFail(test, `${client} is missing`, '`node scripts/setup/localcloud-clients.mjs` installs it.')
}

const probes: Readonly<Record<Client, Command | undefined>> = {
  'SDK v3': undefined,
  'AWS CLI': [join(bin, 'aws'), '--version'],
  boto3: [join(bin, 'python3'), '-c', 'import boto3'],
  s3cmd: ['s3cmd', '--version'],
  rclone: ['rclone', 'version'],
}
const results = new Map<Client, boolean>()

/** Whether the client is there and starts. */
export function isInstalled(client: Client): boolean {
  const [command, ...args] = probes[client] ?? []
  const known = results.get(client) ?? (command === undefined || spawnSync(command, args).status === 0)
  results.set(client, known)
  return known
}
