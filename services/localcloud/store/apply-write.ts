import { completeUpload } from './complete-upload.ts'
import { type NewPiece, refusalOf, type WriteOperation, type WriteResult } from './write-operation.ts'
import { etagOf, freePieces, type Row, type WriteStatements } from './write-statements.ts'

/**
 * Does one operation inside the caller's transaction. A refused operation has changed nothing. Throws what SQLite
 * throws (a full disk, say); then the caller rolls the transaction back.
 */
export function applyWrite(sql: WriteStatements, operation: WriteOperation): WriteResult {
  switch (operation.kind) {
    case 'put-object':
      return putObject(sql, operation)
    case 'delete-object':
      return deleteObject(sql, operation)
    case 'begin-upload':
      return beginUpload(sql, operation)
    case 'put-part':
      return putPart(sql, operation)
    case 'complete-upload':
      return completeUpload(sql, operation)
    case 'abort-upload':
      return abortUpload(sql, operation)
    case 'create-bucket':
      if (sql.bucket.get(operation.bucket)) return { ok: false, refused: 'BucketAlreadyOwnedByYou' }
      sql.createBucket.run(operation.bucket, operation.nowMs)
      return { ok: true, freed: [] }
    case 'delete-bucket':
      return deleteBucket(sql, operation.bucket)
    default:
      return operation satisfies never
  }
}

type Operation<Kind extends WriteOperation['kind']> = Extract<WriteOperation, { kind: Kind }>

function putObject(sql: WriteStatements, operation: Operation<'put-object'>): WriteResult {
  const { bucket, key, etag, size, nowMs, headers, checksum, content, condition } = operation
  if (!sql.bucket.get(bucket)) return { ok: false, refused: 'NoSuchBucket' }
  const current: Row | undefined = sql.object.get(bucket, key)
  const refused = refusalOf(condition, etagOf(current))
  if (refused) return { ok: false, refused }
  const freed = freePieces(sql, current?.owner)
  const [owner, body] = 'body' in content ? [null, content.body] : [content.owner, null]
  if (!('body' in content)) {
    for (const piece of content.pieces) insertPiece(sql, content.owner, nowMs, piece)
  }
  sql.putObject.run(bucket, key, etag, size, nowMs, JSON.stringify(headers), json(checksum), owner, body)
  return { ok: true, etag, freed }
}

function deleteObject(
  sql: WriteStatements,
  { bucket, key, condition }: Operation<'delete-object'>,
): WriteResult {
  if (!sql.bucket.get(bucket)) return { ok: false, refused: 'NoSuchBucket' }
  const current: Row | undefined = sql.object.get(bucket, key)
  const refused = refusalOf(condition, etagOf(current))
  if (refused) return { ok: false, refused }
  if (current) sql.deleteObject.run(bucket, key)
  return { ok: true, freed: freePieces(sql, current?.owner) }
}

function deleteBucket(sql: WriteStatements, bucket: string): WriteResult {
  if (!sql.bucket.get(bucket)) return { ok: false, refused: 'NoSuchBucket' }
  // S3 says BucketNotEmpty of unfinished uploads too: they hold bytes that somebody may still want.
  if (sql.bucketInUse.get(bucket) || sql.uploadsOfBucket.get(bucket)) {
    return { ok: false, refused: 'BucketNotEmpty' }
  }
  sql.deleteBucket.run(bucket)
  return { ok: true, freed: [] }
}

function beginUpload(sql: WriteStatements, operation: Operation<'begin-upload'>): WriteResult {
  const { bucket, key, uploadId, nowMs, headers, checksum } = operation
  if (!sql.bucket.get(bucket)) return { ok: false, refused: 'NoSuchBucket' }
  sql.beginUpload.run(bucket, key, uploadId, nowMs, JSON.stringify(headers), json(checksum))
  return { ok: true, freed: [] }
}

function putPart(sql: WriteStatements, operation: Operation<'put-part'>): WriteResult {
  const { bucket, key, uploadId, nowMs, piece } = operation
  if (!sql.upload.get(bucket, key, uploadId)) return { ok: false, refused: 'NoSuchUpload' }
  const previous = sql.piece.get(uploadId, piece.number)?.blob
  insertPiece(sql, uploadId, nowMs, piece)
  return { ok: true, etag: piece.etag, freed: typeof previous === 'string' ? [previous] : [] }
}

function abortUpload(
  sql: WriteStatements,
  { bucket, key, uploadId }: Operation<'abort-upload'>,
): WriteResult {
  if (!sql.upload.get(bucket, key, uploadId)) return { ok: false, refused: 'NoSuchUpload' }
  sql.deleteUpload.run(bucket, key, uploadId)
  return { ok: true, freed: freePieces(sql, uploadId) }
}

function insertPiece(sql: WriteStatements, owner: string, nowMs: number, piece: NewPiece): void {
  const { number, etag, size, checksum, content } = piece
  const [blob, body] = 'blob' in content ? [content.blob, null] : [null, content.body]
  sql.putPiece.run(owner, number, etag, size, nowMs, json(checksum), blob, body)
}

const json = (value: object | undefined): string | null => (value ? JSON.stringify(value) : null)
