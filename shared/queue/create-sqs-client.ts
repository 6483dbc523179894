import { SQSClient } from '@aws-sdk/client-sqs'
import { type AwsClientOptions, awsClientConfig } from '#shared/aws/client-options.ts'

/**
 * The one way to make an SQS client. A long poll lasts up to 20 s, so `idleTimeoutMs` must be above that (the
 * default is). `client.destroy()` closes its sockets.
 */
export function createSqsClient(options: AwsClientOptions): SQSClient {
  return new SQSClient({
    ...awsClientConfig(options),
    // AWS gives queues URLs of its own; behind another endpoint only that endpoint is known to be reachable.
    useQueueUrlAsEndpoint: options.endpoint === undefined,
  })
}
