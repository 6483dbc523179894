import { S3Client } from '@aws-sdk/client-s3'
import { type AwsClientOptions, awsClientConfig } from '#shared/aws/client-options.ts'

export interface S3ClientOptions extends AwsClientOptions {
  /** Left out: {@link needsPathStyle} decides. */
  readonly pathStyle?: boolean | undefined
}

/**
 * The one way to make an S3 client. It opens nothing until it is used; `client.destroy()` closes its sockets.
 * For presigned URLs that another host must follow, make a second client with that host as its endpoint.
 */
export function createS3Client(options: S3ClientOptions): S3Client {
  return new S3Client({
    ...awsClientConfig(options),
    forcePathStyle: options.pathStyle ?? needsPathStyle(options.endpoint),
    // A client that waits for a redirect to another region would hide a wrong AWS_REGION.
    followRegionRedirects: false,
  })
}

/**
 * Whether the bucket must stand in the path. Virtual-hosted style calls `bucket.host`, which only resolves where
 * somebody arranged it, as AWS did; `localhost`, `minio` and 127.0.0.1 have no such names.
 */
export function needsPathStyle(endpoint: string | undefined): boolean {
  if (endpoint === undefined) return false
  const host = new URL(endpoint).hostname
  return !/(^|\.)amazonaws\.com(\.cn)?$/.test(host)
}
