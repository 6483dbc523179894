import type { S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'
import type { AwsCredentials } from '#shared/aws/client-options.ts'
import { createBucket } from '#shared/aws/create-bucket.ts'
import { createS3Client } from '#shared/aws/create-s3-client.ts'
import type { Clock } from '#shared/clock.ts'
import { flag } from '#shared/config.ts'
import { assertStoreIsSafe, type StoreToExamine } from '#shared/doctor/assert-store-is-safe.ts'
import { ReelmillError } from '#shared/errors.ts'
import type { Log } from '#shared/log.ts'
import type { BellQueue } from '#shared/queue/bell-queue.ts'
import { createSqsClient } from '#shared/queue/create-sqs-client.ts'
import { SqsBellQueue } from '#shared/queue/sqs-bell-queue.ts'
import { RecordStore } from '#shared/state/record-store.ts'
import { S3Objects } from '#shared/state/s3-objects.ts'
import type { StateStore } from '#shared/state/state-store.ts'
import type { MediaStore } from '#shared/storage/media-store.ts'
import { S3MediaStore } from '#shared/storage/s3-media-store.ts'

const url = () => z.url({ protocol: /^https?$/, error: 'must be a URL such as http://127.0.0.1:9000' })
const bucket = () =>
  z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket name: 3 to 63 of a-z 0-9 . -')

/**
 * The variables that say where state, media and bells are. The same for frontend, master and worker: spread
 * `storesConfig.shape` into a service's own schema. The `AWS_` ones are the SDK's, with its meaning.
 */
export const storesConfig = z.object({
  AWS_REGION: z.string().optional(),
  AWS_ENDPOINT_URL: url().optional(),
  AWS_ENDPOINT_URL_S3: url().optional(),
  AWS_ENDPOINT_URL_SQS: url().optional(),
  REELMILL_STATE_BUCKET: bucket().default('reelmill-state'),
  REELMILL_MEDIA_BUCKET: bucket().default('reelmill-media'),
  REELMILL_QUEUE_NAME: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,76}$/, 'must be a queue name: up to 76 of A-Z a-z 0-9 _ -')
    .default('reelmill-jobs'),
  // The state bucket apart: what presigns media then cannot reach state.
  REELMILL_STATE_ENDPOINT_URL: url().optional(),
  REELMILL_STATE_ACCESS_KEY_ID: z.string().optional(),
  REELMILL_STATE_SECRET_ACCESS_KEY: z.string().optional(),
  /** Presigned URLs sign the host: the one under which clients reach the media bucket, if it is another. */
  REELMILL_MEDIA_PUBLIC_ENDPOINT_URL: url().optional(),
  REELMILL_CREATE_BUCKETS: flag().default(false),
})
export type StoresConfig = z.output<typeof storesConfig>

export interface Stores {
  readonly store: StateStore
  /** The state store as the doctor looks at it, for a new examination. */
  readonly examined: StoreToExamine
  readonly media: MediaStore
  readonly queue: BellQueue
  /** Another bucket with the media credentials, for `s3://` inputs under granted prefixes. */
  openBucket(bucket: string): MediaStore
  /** Closes every connection. Call it after everything that uses them has ended. */
  close(): void
}

// A swap must be decided quickly: an unanswered write is followed by a read, and heartbeats come every 15 s.
const STATE_ANSWERS_MS = 10_000

/**
 * Opens the three stores. With REELMILL_CREATE_BUCKETS=true what is missing is created first (the embedded
 * default); otherwise a missing bucket or queue is an error that names it, at the first use. A state store that
 * does not keep its promises is refused with `store-unsafe`.
 *
 * Throws `configuration-invalid` when only one half of the state bucket's key pair is set.
 */
export async function openStores(
  config: StoresConfig,
  context: {
    readonly clock: Clock
    readonly log: Log
    readonly signal?: AbortSignal
    /** Instead of the SDK's own chain. */
    readonly credentials?: AwsCredentials
  },
): Promise<Stores> {
  const { clock, log, signal, credentials } = context
  const region = config.AWS_REGION
  const s3Endpoint = config.AWS_ENDPOINT_URL_S3 ?? config.AWS_ENDPOINT_URL
  const stateEndpoint = config.REELMILL_STATE_ENDPOINT_URL ?? s3Endpoint
  const stateOptions = {
    endpoint: stateEndpoint,
    region,
    credentials: stateCredentials(config) ?? credentials,
    maxAttempts: 1,
    requestTimeoutMs: STATE_ANSWERS_MS,
  }
  const stateClient = createS3Client(stateOptions)
  const mediaClient = createS3Client({ endpoint: s3Endpoint, region, credentials, maxAttempts: 5 })
  const publicEndpoint = config.REELMILL_MEDIA_PUBLIC_ENDPOINT_URL
  const presignClient =
    publicEndpoint === undefined
      ? mediaClient
      : createS3Client({ endpoint: publicEndpoint, region, credentials, maxAttempts: 1 })
  const sqsClient = createSqsClient({
    endpoint: config.AWS_ENDPOINT_URL_SQS ?? config.AWS_ENDPOINT_URL,
    region,
    credentials,
    maxAttempts: 3,
  })
  const close = () => {
    for (const client of new Set<{ destroy(): void }>([stateClient, mediaClient, presignClient, sqsClient])) {
      client.destroy()
    }
  }
  try {
    if (config.REELMILL_CREATE_BUCKETS) {
      await createBuckets(config, stateClient, mediaClient, { clock, log, ...(signal && { signal }) })
    }
    const queue = new SqsBellQueue({ client: sqsClient, queueName: config.REELMILL_QUEUE_NAME, log })
    const bucket = config.REELMILL_STATE_BUCKET
    const store = new RecordStore({ objects: new S3Objects({ client: stateClient, bucket }), clock })
    const examined: StoreToExamine = {
      store,
      endpoint: stateEndpoint,
      bucket,
      openObjects: (lookup) =>
        new S3Objects({ client: lookup ? createS3Client({ ...stateOptions, lookup }) : stateClient, bucket }),
    }
    await assertStoreIsSafe(examined, { clock, log, ...(signal && { signal }) })
    return {
      store,
      examined,
      media: new S3MediaStore({ client: mediaClient, presignClient, bucket: config.REELMILL_MEDIA_BUCKET }),
      queue,
      openBucket: (bucket) => new S3MediaStore({ client: mediaClient, bucket }),
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

async function createBuckets(
  config: StoresConfig,
  stateClient: S3Client,
  mediaClient: S3Client,
  context: { readonly clock: Clock; readonly log: Log; readonly signal?: AbortSignal },
): Promise<void> {
  await Promise.all([
    createBucket(stateClient, config.REELMILL_STATE_BUCKET, context),
    createBucket(mediaClient, config.REELMILL_MEDIA_BUCKET, context),
  ])
}

function stateCredentials(config: StoresConfig) {
  const { REELMILL_STATE_ACCESS_KEY_ID: accessKeyId, REELMILL_STATE_SECRET_ACCESS_KEY: secretAccessKey } =
    config
  if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey }
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined
  throw new ReelmillError(
    'configuration-invalid',
    'Set both REELMILL_STATE_ACCESS_KEY_ID and REELMILL_STATE_SECRET_ACCESS_KEY, or neither (then the AWS credentials serve for state, too).',
  )
}
