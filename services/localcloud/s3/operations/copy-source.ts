import { mayUse } from '../../sigv4/authenticate.ts'
import type { OpenObject } from '../../store/object-store.ts'
import { checkReadConditions } from '../object-headers.ts'
import { S3Error } from '../s3-error.ts'
import type { S3Context } from '../s3-operation.ts'

/**
 * Opens what `x-amz-copy-source` names (`bucket/key`, percent-encoded), with its own conditions checked. The
 * caller closes it. The signer must be allowed to read that bucket too, else a copy would open every bucket.
 */
export function openCopySource({ request, identity, store }: S3Context): OpenObject & {
  readonly bucket: string
  readonly key: string
} {
  const { headers } = request
  const source = decodeSource(String(headers['x-amz-copy-source']))
  const slash = source.indexOf('/')
  const bucket = source.slice(0, slash)
  const key = source.slice(slash + 1)
  if (slash < 1 || key === '') {
    throw new S3Error(
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    )
  }
  if (!mayUse(identity.credential, bucket)) throw new S3Error('AccessDenied')
  store.requireBucket(bucket)
  const open = store.openObject(bucket, key)
  if (!open) throw new S3Error('NoSuchKey', undefined, { Key: key })
  try {
    checkReadConditions(open.object, (name) => headers[`x-amz-copy-source-${name}`] as string | undefined)
  } catch (error) {
    void open.close()
    // A copy has no 304: S3 says 412 for all four conditions.
    throw error instanceof S3Error && error.code === 'NotModified' ? new S3Error('PreconditionFailed') : error
  }
  return { ...open, bucket, key }
}

function decodeSource(text: string): string {
  const [path = ''] = text.split('?versionId=')
  try {
    return decodeURIComponent(path).replace(/^\//, '')
  } catch {
    throw new S3Error('InvalidArgument', 'x-amz-copy-source is not percent-encoded correctly')
  }
}
