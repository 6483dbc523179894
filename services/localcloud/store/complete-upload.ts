import { createHash } from 'node:crypto'
import { createDigest } from '../checksums/digest.ts'
import { type Checksum, refusalOf, type WriteOperation, type WriteResult } from './write-operation.ts'
import { etagOf, freePieces, type Row, type WriteStatements } from './write-statements.ts'

/** S3's least size of every part but the last. */
const LEAST_PART_BYTES = 5 * 1024 * 1024

/**
 * Turns an upload's listed parts into the object, all of it or nothing. The bytes stay where they are; parts that
 * were uploaded but not listed are freed.
 */
export function completeUpload(
  sql: WriteStatements,
  operation: Extract<WriteOperation, { kind: 'complete-upload' }>,
): WriteResult {
  const { bucket, key, uploadId, nowMs, parts, condition, expected } = operation
  const upload: Row | undefined = sql.upload.get(bucket, key, uploadId)
  if (!upload) return { ok: false, refused: 'NoSuchUpload' }
  const stored = new Map<number, Row>(sql.pieces.all(uploadId).map((row) => [Number(row.number), row]))
  const chosen: Row[] = []
  for (const [index, part] of parts.entries()) {
    const row = stored.get(part.number)
    const detail = `part ${part.number}`
    if (index > 0 && part.number <= (parts[index - 1]?.number ?? 0)) {
      return { ok: false, refused: 'InvalidPartOrder', detail }
    }
    if (row?.etag !== part.etag) return { ok: false, refused: 'InvalidPart', detail }
    if (part.checksum !== undefined && checksumOf(row)?.value !== part.checksum) {
      return { ok: false, refused: 'InvalidPart', detail: `${detail}: its checksum differs` }
    }
    if (index < parts.length - 1 && Number(row.size) < LEAST_PART_BYTES) {
      return { ok: false, refused: 'EntityTooSmall', detail }
    }
    chosen.push(row)
  }
  const size = chosen.reduce((sum, row) => sum + Number(row.size), 0)
  if (expected.size !== undefined && expected.size !== size) {
    return { ok: false, refused: 'InvalidRequest', detail: `the parts have ${size} bytes` }
  }
  const checksum = compositeChecksum(upload, chosen)
  if (expected.checksum !== undefined && checksum && expected.checksum !== checksum.value) {
    return { ok: false, refused: 'BadDigest', detail: `the parts give ${checksum.value}` }
  }
  const current: Row | undefined = sql.object.get(bucket, key)
  const refused = refusalOf(condition, etagOf(current))
  if (refused) return { ok: false, refused }

  const freed = freePieces(sql, current?.owner)
  const listed = new Set(parts.map((part) => part.number))
  for (const [number, row] of stored) {
    if (listed.has(number)) continue
    if (typeof row.blob === 'string') freed.push(row.blob)
    sql.deletePiece.run(uploadId, number)
  }
  const etag = etagOfParts(chosen.map((row) => String(row.etag)))
  sql.putObject.run(
    bucket,
    key,
    etag,
    size,
    nowMs,
    String(upload.headers),
    checksum ? JSON.stringify(checksum) : null,
    uploadId,
    null,
  )
  sql.deleteUpload.run(bucket, key, uploadId)
  return { ok: true, etag, freed, ...(checksum ? { checksum } : {}) }
}

/** S3's ETag of a multipart object: MD5 of the parts' binary MD5s, and how many they were. */
export function etagOfParts(etags: readonly string[]): string {
  const hash = createHash('md5')
  for (const etag of etags) hash.update(Buffer.from(etag, 'hex'))
  return `${hash.digest('hex')}-${etags.length}`
}

/** The checksum of the parts' checksums, when the upload was begun with an algorithm and every part has one. */
function compositeChecksum(upload: Row, rows: readonly Row[]): Checksum | undefined {
  const begun = typeof upload.checksum === 'string' ? JSON.parse(upload.checksum) : undefined
  const sums = rows.flatMap((row) => checksumOf(row) ?? [])
  if (begun?.type !== 'COMPOSITE' || sums.length !== rows.length) return undefined
  const digest = createDigest(begun.algorithm)
  for (const sum of sums) digest.update(Buffer.from(sum.value, 'base64'))
  return {
    algorithm: begun.algorithm,
    value: `${digest.digest().toString('base64')}-${rows.length}`,
    type: 'COMPOSITE',
  }
}

const checksumOf = (row: Row): Checksum | undefined =>
  typeof row.checksum === 'string' ? JSON.parse(row.checksum) : undefined
