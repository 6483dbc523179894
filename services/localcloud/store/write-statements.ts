import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'

export type Row = Record<string, SQLOutputValue>

export type WriteStatements = ReturnType<typeof prepareWrites>

/** The statements of the writer, prepared once. */
export function prepareWrites(database: DatabaseSync) {
  const prepare = (text: string): StatementSync => database.prepare(text)
  return {
    bucket: prepare('SELECT 1 FROM buckets WHERE name = ?'),
    createBucket: prepare('INSERT INTO buckets VALUES (?, ?)'),
    deleteBucket: prepare('DELETE FROM buckets WHERE name = ?'),
    bucketInUse: prepare('SELECT 1 FROM objects WHERE bucket = ? LIMIT 1'),
    uploadsOfBucket: prepare('SELECT id FROM uploads WHERE bucket = ?'),
    object: prepare('SELECT etag, owner FROM objects WHERE bucket = ? AND key = ?'),
    // In place, where REPLACE would delete and insert: records are swapped more often than made.
    putObject: prepare(
      `INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (bucket, key) DO UPDATE SET
      etag = excluded.etag, size = excluded.size, modified_ms = excluded.modified_ms, headers = excluded.headers,
      checksum = excluded.checksum, owner = excluded.owner, body = excluded.body`,
    ),
    deleteObject: prepare('DELETE FROM objects WHERE bucket = ? AND key = ?'),
    upload: prepare('SELECT headers, checksum FROM uploads WHERE bucket = ? AND key = ? AND id = ?'),
    beginUpload: prepare('INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?)'),
    deleteUpload: prepare('DELETE FROM uploads WHERE bucket = ? AND key = ? AND id = ?'),
    piece: prepare('SELECT blob FROM pieces WHERE owner = ? AND number = ?'),
    pieces: prepare('SELECT number, etag, size, checksum, blob FROM pieces WHERE owner = ? ORDER BY number'),
    putPiece: prepare('INSERT OR REPLACE INTO pieces VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    deletePiece: prepare('DELETE FROM pieces WHERE owner = ? AND number = ?'),
    deletePieces: prepare('DELETE FROM pieces WHERE owner = ?'),
  }
}

/** Removes an owner's pieces and names the blobs that they held. */
export function freePieces(sql: WriteStatements, owner: SQLOutputValue | undefined): string[] {
  if (typeof owner !== 'string') return []
  const freed = sql.pieces.all(owner).flatMap(({ blob }) => (typeof blob === 'string' ? [blob] : []))
  sql.deletePieces.run(owner)
  return freed
}

export const etagOf = (row: Row | undefined): string | undefined => (row ? String(row.etag) : undefined)
