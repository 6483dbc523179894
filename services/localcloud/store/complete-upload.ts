import { createHash } from 'node:crypto'
import { combineCrcs } from '../checksums/combine-crcs.ts'
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
  const disordered = parts.find((part, index) => index > 0 && part.number <= (parts[index - 1]?.number ?? 0))
  if (disordered) return { ok: false, refused: 'InvalidPartOrder', detail: `part ${disordered.number}` }
  const stored = new Map<number, Row>(sql.pieces.all(uploadId).map((row) => [Number(row.number), row]))
  const chosen: Row[] = []
  for (const [index, part] of parts.entries()) {
    const row = stored.get(part.number)
    const detail = `part ${part.number}`
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
  const checksum = checksumOfWhole(upload, chosen)
  if (expected.checksum !== undefined && !checksum) {
    return {
      ok: false,
      refused: 'InvalidRequest',
      detail: 'the upload was not begun with a checksum algorithm',
    }
  }
  if (expected.checksum !== undefined && expected.checksum !== checksum?.value) {
    return { ok: false, refused: 'BadDigest', detail: `the parts give ${checksum?.value}` }
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

/**
 * The object's checksum, when the upload was begun with an algorithm and every part has one: that of the parts'
 * checksums, or (CRCs only) of the bytes.
 */
function checksumOfWhole(upload: Row, rows: readonly Row[]): Checksum | undefined {
  if (typeof upload.checksum !== 'string') return undefined
  const { algorithm, type } = JSON.parse(upload.checksum)
  const sums = rows.flatMap((row) => {
    const value = checksumOf(row)?.value
    return value === undefined ? [] : [{ value, bytes: Number(row.size) }]
  })
  if (sums.length !== rows.length) return undefined
  if (type === 'FULL_OBJECT') return { algorithm, type, value: combineCrcs(algorithm, sums) }
  const digest = createDigest(algorithm)
  for (const { value } of sums) digest.update(Buffer.from(value, 'base64'))
  return { algorithm, type, value: `${digest.digest().toString('base64')}-${rows.length}` }
}

const checksumOf = (row: Row): Checksum | undefined =>
  typeof row.checksum === 'string' ? JSON.parse(row.checksum) : undefined
