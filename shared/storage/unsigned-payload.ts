import type { S3Client } from '@aws-sdk/client-s3'

/**
 * Leaves the body's SHA-256 out of this client's signatures, as the SDK does by itself over https. Over http it
 * would hash every byte once more, on both sides; the CRC-32 that it sends is signed and checked in any case.
 */
export function unsignedPayload(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { method, headers = {} } = args.request as { method?: string; headers?: Record<string, string> }
      if (method === 'PUT') headers['x-amz-content-sha256'] ??= 'UNSIGNED-PAYLOAD' // a body in chunks has said so
      return next(args)
    },
    { step: 'build', priority: 'low', name: 'reelmillUnsignedPayload', override: true },
  )
}
