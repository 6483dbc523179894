import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { S3Client } from '@aws-sdk/client-s3'
import type { SQSClient } from '@aws-sdk/client-sqs'
import { createS3Client, type S3ClientOptions } from '#shared/aws/create-s3-client.ts'
import { silentLog } from '#shared/log.ts'
import { createSqsClient } from '#shared/queue/create-sqs-client.ts'
import {
  type Localcloud,
  type LocalcloudOptions,
  startLocalcloud,
} from '../../services/localcloud/start-localcloud.ts'

/** A local cloud in a fresh folder, with clients for its first key pair. Dispose of it. */
export interface TestCloud extends AsyncDisposable {
  readonly s3Url: string
  readonly sqsUrl: string
  readonly dataDir: string
  readonly s3: S3Client
  readonly sqs: SQSClient
  s3With(options: Partial<S3ClientOptions>): S3Client
  /** Stops it and starts it again on the same data, with the same ports. */
  restart(): Promise<void>
}

export const testCredentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' } as const

/** Starts a local cloud with the buckets `media` and `state`. */
export async function startTestCloud(options: Partial<LocalcloudOptions> = {}): Promise<TestCloud> {
  const dataDir = await mkdtemp(join(tmpdir(), 'reelmill-localcloud-'))
  const start = (ports: { s3Port: number; sqsPort: number }) =>
    startLocalcloud({
      dataDir,
      host: '127.0.0.1',
      credentials: [testCredentials],
      buckets: ['media', 'state'],
      log: silentLog,
      ...options,
      ...ports,
    })
  let cloud: Localcloud = await start({ s3Port: 0, sqsPort: 0 })
  const { s3Url, sqsUrl } = cloud
  const clients: { destroy(): void }[] = []
  const keep = <T extends { destroy(): void }>(client: T): T => {
    clients.push(client)
    return client
  }
  const s3With = (more: Partial<S3ClientOptions>) =>
    keep(createS3Client({ endpoint: s3Url, credentials: testCredentials, maxAttempts: 1, ...more }))
  return {
    s3Url,
    sqsUrl,
    dataDir,
    s3: s3With({}),
    sqs: keep(createSqsClient({ endpoint: sqsUrl, credentials: testCredentials, maxAttempts: 1 })),
    s3With,
    async restart() {
      await cloud.close()
      cloud = await start({ s3Port: Number(new URL(s3Url).port), sqsPort: Number(new URL(sqsUrl).port) })
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy()
      await cloud.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
