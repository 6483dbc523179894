import { isoTime } from '#shared/clock.ts'
import { quoted } from '../object-headers.ts'
import { type S3Context, type S3Response, xmlResponse } from '../s3-operation.ts'
import { writeXml } from '../xml.ts'
import { encodingOf, limitOf } from './list-objects.ts'

/** ListParts, paged by part number. */
export function listParts({ request, store }: S3Context): S3Response {
  const { bucket, key, parameters } = request
  const uploadId = parameters.get('uploadId') ?? ''
  const upload = store.upload(bucket, key, uploadId)
  const limit = limitOf(parameters.get('max-parts'), 'max-parts')
  const after = Number(parameters.get('part-number-marker') || 0)
  const rows = store.parts(uploadId, after, limit + 1)
  const page = rows.slice(0, limit)
  return xmlResponse(
    writeXml('ListPartsResult', [
      ['Bucket', bucket],
      ['Key', encodingOf(parameters)(key)],
      ['UploadId', uploadId],
      ['ChecksumAlgorithm', upload.checksum?.algorithm.toUpperCase()],
      ['ChecksumType', upload.checksum?.type],
      ['StorageClass', 'STANDARD'],
      ['PartNumberMarker', after],
      ['NextPartNumberMarker', page.at(-1)?.number],
      ['MaxParts', limit],
      ['IsTruncated', rows.length > limit],
      ...page.map(
        (part) =>
          [
            'Part',
            [
              ['PartNumber', part.number],
              ['LastModified', isoTime(part.modifiedMs)],
              ['ETag', quoted(part.etag)],
              ['Size', part.size],
              [`Checksum${part.checksum?.algorithm.toUpperCase()}`, part.checksum?.value],
            ],
          ] as const,
      ),
    ]),
  )
}

/** ListMultipartUploads, paged by key and upload id. */
export function listMultipartUploads({ request, store }: S3Context): S3Response {
  const { bucket, parameters } = request
  store.requireBucket(bucket)
  const name = encodingOf(parameters)
  const limit = limitOf(parameters.get('max-uploads'), 'max-uploads')
  const prefix = parameters.get('prefix') ?? ''
  const delimiter = parameters.get('delimiter') ?? ''
  const keyMarker = parameters.get('key-marker') ?? ''
  const idMarker = parameters.get('upload-id-marker') ?? ''
  // Unfinished uploads are few; the marker is a place in their order, found even when that upload has gone.
  const all = store.uploads(bucket).filter(({ key }) => key.startsWith(prefix))
  const at = all.findIndex(({ key, uploadId }) => key === keyMarker && uploadId === idMarker)
  const behind = (key: string) => Buffer.compare(Buffer.from(key), Buffer.from(keyMarker)) > 0
  const rest = at >= 0 ? all.slice(at + 1) : keyMarker === '' ? all : all.filter(({ key }) => behind(key))
  const folderOf = (key: string) => {
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    return end === -1 ? undefined : key.slice(0, end + delimiter.length)
  }
  const folders = new Set(rest.flatMap(({ key }) => folderOf(key) ?? []))
  const uploads = rest.filter(({ key }) => folderOf(key) === undefined)
  const page = uploads.slice(0, limit)
  const truncated = uploads.length > limit
  return xmlResponse(
    writeXml('ListMultipartUploadsResult', [
      ['Bucket', bucket],
      ['KeyMarker', name(keyMarker)],
      ['UploadIdMarker', idMarker],
      ['NextKeyMarker', truncated ? name(page.at(-1)?.key ?? '') : undefined],
      ['NextUploadIdMarker', truncated ? page.at(-1)?.uploadId : undefined],
      ['Prefix', name(prefix)],
      ['Delimiter', delimiter === '' ? undefined : name(delimiter)],
      ['EncodingType', parameters.get('encoding-type')],
      ['MaxUploads', limit],
      ['IsTruncated', truncated],
      ...page.map(
        (upload) =>
          [
            'Upload',
            [
              ['Key', name(upload.key)],
              ['UploadId', upload.uploadId],
              ['StorageClass', 'STANDARD'],
              ['Initiated', isoTime(upload.startedMs)],
            ],
          ] as const,
      ),
      ...[...folders].map((folder) => ['CommonPrefixes', [['Prefix', name(folder)]]] as const),
    ]),
  )
}
