import type { UploadRecord } from '#shared/jobs/upload-record.ts'
import type { Upload } from '../shapes/upload.ts'

/** An upload's record as clients see it: without the key under which its bytes lie. */
export function presentUpload(record: UploadRecord, publicUrl: string): Upload {
  const sizeBytes = record.sizeBytes ?? record.declaredSizeBytes
  const sha256 = record.sha256 ?? record.declaredSha256
  return {
    id: record.id,
    status: record.state,
    ...(record.fileName !== undefined && { fileName: record.fileName }),
    ...(record.contentType !== undefined && { contentType: record.contentType }),
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(record.receivedBytes !== undefined && { receivedBytes: record.receivedBytes }),
    ...(sha256 !== undefined && { sha256 }),
    ...(record.state === 'open' && { contentUrl: `${publicUrl}/v1/uploads/${record.id}/content` }),
    ...(record.multipart && { partSizeBytes: record.multipart.partSizeBytes }),
    metadata: record.metadata,
    ...(record.error && { error: record.error }),
    createdAt: record.createdAt,
    expiresAt: record.keepUntil,
  }
}
