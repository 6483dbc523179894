import { join } from 'node:path'
import { z } from 'zod'
import { integer, list } from '#shared/config.ts'
import { ReelmillError } from '#shared/errors.ts'
import type { LocalCredential } from './sigv4/authenticate.ts'

const port = (usual: number) => integer(0, 65_535).default(usual)

/** The variables of the local cloud. The key pairs have the names that its clients use. */
export const localcloudConfig = z.object({
  /** Everything that the local cloud keeps lies under `<REELMILL_DATA>/localcloud`. */
  REELMILL_DATA: z.string().default('./data'),
  REELMILL_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  REELMILL_LOCALCLOUD_HOST: z.string().default('127.0.0.1'),
  REELMILL_LOCALCLOUD_S3_PORT: port(9000),
  REELMILL_LOCALCLOUD_SQS_PORT: port(9324),
  /** Origins of pages that may upload from a browser; a request needs its signature all the same. */
  REELMILL_LOCALCLOUD_CORS_ORIGINS: list().default(['*']),
  AWS_ACCESS_KEY_ID: z.string().min(1, 'must not be empty'),
  AWS_SECRET_ACCESS_KEY: z.string().min(8, 'must have at least 8 characters'),
  REELMILL_STATE_ACCESS_KEY_ID: z.string().optional(),
  REELMILL_STATE_SECRET_ACCESS_KEY: z.string().min(8, 'must have at least 8 characters').optional(),
  REELMILL_MEDIA_BUCKET: z.string().default('reelmill-media'),
  REELMILL_STATE_BUCKET: z.string().default('reelmill-state'),
})
export type LocalcloudConfig = z.output<typeof localcloudConfig>

/**
 * The key pairs that are accepted. With a pair for state, that one opens the state bucket only, and the AWS pair
 * every bucket but that: what presigns media cannot reach state. Throws `configuration-invalid` for half a pair.
 */
export function credentialsOf(config: LocalcloudConfig): LocalCredential[] {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, REELMILL_STATE_BUCKET: state } = config
  const { REELMILL_STATE_ACCESS_KEY_ID: id, REELMILL_STATE_SECRET_ACCESS_KEY: secret } = config
  const main = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY }
  if (id === undefined && secret === undefined) return [main]
  if (id === undefined || secret === undefined || id === AWS_ACCESS_KEY_ID) {
    throw new ReelmillError(
      'configuration-invalid',
      'Set both REELMILL_STATE_ACCESS_KEY_ID and REELMILL_STATE_SECRET_ACCESS_KEY, the former other than AWS_ACCESS_KEY_ID, or neither.',
    )
  }
  return [
    { ...main, exceptBuckets: [state] },
    { accessKeyId: id, secretAccessKey: secret, onlyBuckets: [state] },
  ]
}

export const dataFolder = (config: Pick<LocalcloudConfig, 'REELMILL_DATA'>): string =>
  join(config.REELMILL_DATA, 'localcloud')
