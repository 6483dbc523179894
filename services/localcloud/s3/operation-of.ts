import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  getBucketVersioning,
  headBucket,
  listBuckets,
} from './operations/buckets.ts'
import { copyObject } from './operations/copy-object.ts'
import { deleteObject, deleteObjects } from './operations/delete-objects.ts'
import { getObject } from './operations/get-object.ts'
import { listMultipartUploads, listParts } from './operations/list-multipart.ts'
import { listObjects, listObjectsV2 } from './operations/list-objects.ts'
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
} from './operations/multipart.ts'
import { putObject } from './operations/put-object.ts'
import { uploadPartCopy } from './operations/upload-part-copy.ts'
import { S3Error } from './s3-error.ts'
import type { S3Operation } from './s3-operation.ts'
import type { S3Request } from './s3-request.ts'

/** Sub-resources of S3 that are not here. Ignoring one would do something else than was asked for. */
const absent = [
  'accelerate',
  'acl',
  'analytics',
  'attributes',
  'cors',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'lifecycle',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'renameObject',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'versionId',
  'versions',
  'website',
]

/** Which operation a request asks for, by its method, path and query. Throws `NotImplemented`, `MethodNotAllowed`. */
export function operationOf(request: S3Request): S3Operation {
  const missing = absent.find((name) => request.parameters.has(name))
  if (missing !== undefined) {
    throw new S3Error('NotImplemented', `The local cloud does not have "${missing}".`, { Resource: missing })
  }
  const operation =
    request.bucket === ''
      ? serviceOperation(request)
      : request.key === ''
        ? bucketOperation(request)
        : objectOperation(request)
  if (!operation) throw new S3Error('MethodNotAllowed', undefined, { Method: request.method })
  return operation
}

function serviceOperation({ method }: S3Request): S3Operation | undefined {
  return method === 'GET' || method === 'HEAD' ? listBuckets : undefined
}

function bucketOperation({ method, parameters }: S3Request): S3Operation | undefined {
  switch (method) {
    case 'GET':
      if (parameters.has('location')) return getBucketLocation
      if (parameters.has('versioning')) return getBucketVersioning
      if (parameters.has('uploads')) return listMultipartUploads
      return parameters.get('list-type') === '2' ? listObjectsV2 : listObjects
    case 'HEAD':
      return headBucket
    case 'PUT':
      if (parameters.has('versioning')) throw new S3Error('NotImplemented')
      return createBucket
    case 'DELETE':
      return deleteBucket
    case 'POST':
      return parameters.has('delete') ? deleteObjects : undefined
    default:
      return undefined
  }
}

function objectOperation({ method, parameters, headers }: S3Request): S3Operation | undefined {
  const copies = headers['x-amz-copy-source'] !== undefined
  const inUpload = parameters.has('uploadId')
  switch (method) {
    case 'GET':
      return inUpload ? listParts : getObject
    case 'HEAD':
      return getObject
    case 'PUT':
      if (inUpload) return copies ? uploadPartCopy : uploadPart
      return copies ? copyObject : putObject
    case 'DELETE':
      return inUpload ? abortMultipartUpload : deleteObject
    case 'POST':
      if (parameters.has('uploads')) return createMultipartUpload
      return inUpload ? completeMultipartUpload : undefined
    default:
      return undefined
  }
}
