import { S3ServiceException } from '@aws-sdk/client-s3'
import { messageOf, ReelmillError } from '#shared/errors.ts'

/** True when the store says that the object or upload is not there. A missing bucket is a fault, not an absence. */
export const isMissing = (error: unknown): boolean =>
  error instanceof S3ServiceException && ['NoSuchKey', 'NotFound', 'NoSuchUpload'].includes(error.name)

export const isForbidden = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === 403

/** What went wrong with the media store, as one of ours; what is already ours stays as it is. */
export function toMediaError(error: unknown, verb: string, bucket: string, key: string): ReelmillError {
  if (error instanceof ReelmillError) return error
  const facts = { bucket, key, verb, store: error instanceof Error ? error.name : undefined }
  // A clock was set: the SDK signs the next request by the store's time, so this is no matter of credentials.
  const isSkewed = error instanceof Error && error.name === 'RequestTimeTooSkewed'
  const status = error instanceof S3ServiceException && !isSkewed ? (error.$metadata.httpStatusCode ?? 0) : 0
  const what = `The media store could not ${verb} ${key} in ${bucket}: ${messageOf(error)}.`
  if (error instanceof S3ServiceException && error.name === 'NoSuchUpload') {
    return new ReelmillError(
      'not-found',
      `${what} The upload was aborted or has expired; begin another one.`,
      { facts, cause: error },
    )
  }
  if (refused.includes(error instanceof Error ? error.name : '')) {
    return new ReelmillError(
      'invalid-request',
      `${what} Correct the request; a repeat gives the same answer.`,
      { facts, cause: error },
    )
  }
  const advice =
    status === 403
      ? 'Check the credentials and what they may do.'
      : status === 404
        ? 'Check the name of the bucket.'
        : 'Check that it runs, then try again.'
  return new ReelmillError('store-unavailable', `${what} ${advice}`, {
    facts,
    cause: error,
    ...(status === 403 || status === 404 ? { retry: 'changed' as const } : {}),
  })
}

/** Errors that say that the request itself is wrong. */
const refused = [
  'InvalidRange',
  'InvalidPart',
  'InvalidPartOrder',
  'EntityTooSmall',
  'EntityTooLarge',
  'KeyTooLongError',
]
