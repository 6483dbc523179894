import { isoTime } from '#shared/clock.ts'
import { mayUse } from '../../sigv4/authenticate.ts'
import { S3Error } from '../s3-error.ts'
import { type S3Context, type S3Response, xmlResponse } from '../s3-operation.ts'
import { writeXml } from '../xml.ts'

/** ListBuckets: those that the credential opens. */
export function listBuckets({ identity, store }: S3Context): S3Response {
  const { accessKeyId } = identity.credential
  const buckets = store.buckets().filter(({ name }) => mayUse(identity.credential, name))
  return xmlResponse(
    writeXml('ListAllMyBucketsResult', [
      ['Owner', [['ID', accessKeyId]]],
      [
        'Buckets',
        buckets.map(({ name, createdMs }) => [
          'Bucket',
          [
            ['Name', name],
            ['CreationDate', isoTime(createdMs)],
          ],
        ]),
      ],
    ]),
  )
}

/** CreateBucket. A location in its body is ignored: there is only this one machine. */
export async function createBucket({ request, store, clock }: S3Context): Promise<S3Response> {
  const { bucket } = request
  if (!isBucketName(bucket)) throw new S3Error('InvalidBucketName', undefined, { BucketName: bucket })
  await store.write({ kind: 'create-bucket', bucket, nowMs: clock.now() })
  return { status: 200, headers: { location: `/${bucket}` } }
}

export async function deleteBucket({ request, store }: S3Context): Promise<S3Response> {
  await store.write({ kind: 'delete-bucket', bucket: request.bucket })
  return { status: 204 }
}

export function headBucket({ request, store }: S3Context): S3Response {
  store.requireBucket(request.bucket)
  return { status: 200, headers: { 'x-amz-bucket-region': 'us-east-1' } }
}

/** An empty location is us-east-1. */
export function getBucketLocation({ request, store }: S3Context): S3Response {
  store.requireBucket(request.bucket)
  return xmlResponse(writeXml('LocationConstraint', undefined))
}

/** Versions are not kept, which an empty configuration says. Clients ask before they delete. */
export function getBucketVersioning({ request, store }: S3Context): S3Response {
  store.requireBucket(request.bucket)
  return xmlResponse(writeXml('VersioningConfiguration', undefined))
}

/** S3's rules: 3 to 63 of a-z, 0-9, dot and hyphen, no address. */
export const isBucketName = (name: string): boolean =>
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
  !name.includes('..') &&
  !/^\d+\.\d+\.\d+\.\d+$/.test(name)
