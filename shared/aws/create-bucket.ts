import { CreateBucketCommand, HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import type { Clock } from '#shared/clock.ts'
import { messageOf, ReelmillError } from '#shared/errors.ts'
import type { Log } from '#shared/log.ts'
import { retry } from '#shared/retry.ts'

/**
 * Creates `bucket` unless it is there already. Several processes may do so at once. The store may still be
 * starting, so it is asked for about half a minute; then `store-unavailable`.
 */
export async function createBucket(
  client: S3Client,
  bucket: string,
  context: { readonly clock: Clock; readonly log: Log; readonly signal?: AbortSignal },
): Promise<void> {
  const { clock, log, signal } = context
  const options = signal ? { abortSignal: signal } : {}
  try {
    await retry(
      async () => {
        if (await exists(client, bucket, signal)) return
        await client.send(new CreateBucketCommand({ Bucket: bucket }), options)
        log.info({ bucket }, 'created the bucket')
      },
      {
        clock,
        tries: 12,
        // Asked again even when another was faster (409): then the HEAD finds it.
        isTransient: (error) => statusOf(error) !== 401 && statusOf(error) !== 403,
        backoff: { firstMs: 100, mostMs: 4_000 },
        ...(signal && { signal }),
      },
    )
  } catch (error) {
    signal?.throwIfAborted()
    throw new ReelmillError(
      'store-unavailable',
      `The bucket "${bucket}" could not be created (${messageOf(error)}). Check AWS_ENDPOINT_URL_S3 and the credentials, or create it yourself and leave REELMILL_CREATE_BUCKETS unset.`,
      { cause: error },
    )
  }
}

async function exists(client: S3Client, bucket: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }), signal ? { abortSignal: signal } : {})
    return true
  } catch (error) {
    if (statusOf(error) === 404) return false
    throw error
  }
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && '$metadata' in error
    ? (error.$metadata as { httpStatusCode?: number }).httpStatusCode
    : undefined
