import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { Checksum, Content, KeptHeaders } from './write-operation.ts'

export interface StoredObject {
  readonly etag: string
  readonly size: number
  readonly modifiedMs: number
  readonly headers: KeptHeaders
  readonly checksum: Checksum | undefined
  /** Whose pieces hold the bytes; `undefined` when they are in the row. */
  readonly owner: string | undefined
}

export interface ListedObject {
  readonly key: string
  readonly etag: string
  readonly size: number
  readonly modifiedMs: number
}

export interface Piece {
  readonly number: number
  readonly etag: string
  readonly size: number
  readonly content: Content
}

export interface Upload {
  readonly key: string
  readonly uploadId: string
  readonly startedMs: number
  readonly headers: KeptHeaders
  readonly checksum: { readonly algorithm: string; readonly type: Checksum['type'] } | undefined
}

export interface ListedPart {
  readonly number: number
  readonly etag: string
  readonly size: number
  readonly modifiedMs: number
  readonly checksum: Checksum | undefined
}

export type ReadStatements = ReturnType<typeof prepareReads>

/** The questions that are asked of the database, prepared once, with rows parsed. */
export function prepareReads(database: DatabaseSync) {
  const objectColumns = 'etag, size, modified_ms, headers, checksum, owner'
  const buckets = database.prepare('SELECT name, created_ms FROM buckets')
  const object = database.prepare(`SELECT ${objectColumns} FROM objects WHERE bucket = ? AND key = ?`)
  const withBody = database.prepare(`SELECT ${objectColumns}, body FROM objects WHERE bucket = ? AND key = ?`)
  const listed = 'SELECT key, etag, size, modified_ms FROM objects WHERE bucket = ?'
  const from = database.prepare(`${listed} AND key >= ? ORDER BY key LIMIT ?`)
  const after = database.prepare(`${listed} AND key > ? ORDER BY key LIMIT ?`)
  const pieces = database.prepare('SELECT * FROM pieces WHERE owner = ? ORDER BY number')
  const parts = database.prepare(
    'SELECT number, etag, size, modified_ms, checksum FROM pieces WHERE owner = ? AND number > ? ORDER BY number LIMIT ?',
  )
  const upload = database.prepare('SELECT * FROM uploads WHERE bucket = ? AND key = ? AND id = ?')
  const uploads = database.prepare('SELECT * FROM uploads WHERE bucket = ? ORDER BY key, started_ms, id')
  const blobs = database.prepare('SELECT blob FROM pieces WHERE blob IS NOT NULL')
  return {
    buckets: () =>
      buckets.all().map((row) => ({ name: String(row.name), createdMs: Number(row.created_ms) })),
    object: (name: string, key: string): StoredObject | undefined => toObject(object.get(name, key)),
    objectWithBody(name: string, key: string): (StoredObject & { body: Uint8Array | undefined }) | undefined {
      const row = withBody.get(name, key)
      const found = toObject(row)
      return found && { ...found, body: row?.body instanceof Uint8Array ? row.body : undefined }
    },
    /** Keys in byte order, from `start`, which is among them only when `inclusive`. */
    keys: (name: string, start: string, inclusive: boolean, limit: number): ListedObject[] =>
      (inclusive ? from : after).all(name, start, limit).map((row) => ({
        key: String(row.key),
        etag: String(row.etag),
        size: Number(row.size),
        modifiedMs: Number(row.modified_ms),
      })),
    pieces: (owner: string): Piece[] =>
      pieces.all(owner).map((row) => ({
        number: Number(row.number),
        etag: String(row.etag),
        size: Number(row.size),
        content:
          typeof row.blob === 'string'
            ? { blob: row.blob }
            : { body: row.body instanceof Uint8Array ? row.body : new Uint8Array() },
      })),
    parts: (owner: string, afterNumber: number, limit: number): ListedPart[] =>
      parts.all(owner, afterNumber, limit).map((row) => ({
        number: Number(row.number),
        etag: String(row.etag),
        size: Number(row.size),
        modifiedMs: Number(row.modified_ms),
        checksum: parse(row.checksum),
      })),
    upload(name: string, key: string, id: string): Upload | undefined {
      const row = upload.get(name, key, id)
      return row && toUpload(row)
    },
    uploads: (name: string): Upload[] => uploads.all(name).map(toUpload),
    allBlobs: (): Set<string> => new Set(blobs.all().map((row) => String(row.blob))),
  }
}

type Row = Record<string, SQLOutputValue>

function toObject(row: Row | undefined): StoredObject | undefined {
  if (!row) return undefined
  return {
    etag: String(row.etag),
    size: Number(row.size),
    modifiedMs: Number(row.modified_ms),
    headers: JSON.parse(String(row.headers)),
    checksum: parse(row.checksum),
    owner: typeof row.owner === 'string' ? row.owner : undefined,
  }
}

const toUpload = (row: Row): Upload => ({
  key: String(row.key),
  uploadId: String(row.id),
  startedMs: Number(row.started_ms),
  headers: JSON.parse(String(row.headers)),
  checksum: parse(row.checksum),
})

const parse = (json: SQLOutputValue | undefined) => (typeof json === 'string' ? JSON.parse(json) : undefined)
