import type { DatabaseSync } from 'node:sqlite'
import { ReelmillError } from '#shared/errors.ts'

const SCHEMA_VERSION = 1

/**
 * The tables. SQLite compares TEXT by the bytes of its UTF-8, which is the order that S3 lists keys in.
 *
 * A body is either in its row (`body`) or in pieces, which carry the id of the multipart upload that brought
 * them, or of the one large PUT. Completing an upload therefore moves no bytes: the object takes over the owner.
 * `body` is each table's last column, so that a listing never reads the pages it spills to. Objects have a rowid:
 * without one SQLite keeps only a quarter of a page in place, and a record of 1 KiB would cost a page of its own
 * (measured: twice the work and three times the disk).
 */
const tables = `
CREATE TABLE IF NOT EXISTS buckets (
  name TEXT PRIMARY KEY,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS objects (
  bucket TEXT NOT NULL,
  key TEXT NOT NULL,
  etag TEXT NOT NULL,
  size INTEGER NOT NULL,
  modified_ms INTEGER NOT NULL,
  headers TEXT NOT NULL,
  checksum TEXT,
  owner TEXT,
  body BLOB,
  PRIMARY KEY (bucket, key)
) STRICT;

CREATE TABLE IF NOT EXISTS uploads (
  bucket TEXT NOT NULL,
  key TEXT NOT NULL,
  id TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  headers TEXT NOT NULL,
  checksum TEXT,
  PRIMARY KEY (bucket, key, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS pieces (
  owner TEXT NOT NULL,
  number INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size INTEGER NOT NULL,
  modified_ms INTEGER NOT NULL,
  checksum TEXT,
  blob TEXT,
  body BLOB,
  PRIMARY KEY (owner, number)
) STRICT, WITHOUT ROWID;
`

/**
 * Makes the database durable and creates what is missing in it. synchronous=FULL: in WAL mode a commit returns
 * only after its fsync, so what was acknowledged survives a power cut.
 */
export function prepareDatabase(database: DatabaseSync): void {
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA wal_autocheckpoint = 4000',
  )
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0)
  if (version > SCHEMA_VERSION) {
    throw new ReelmillError(
      'configuration-invalid',
      `The data folder was written by a newer Reelmill (schema ${version}, this one knows ${SCHEMA_VERSION}). Start that version, or use another folder.`,
      { facts: { version } },
    )
  }
  database.exec(`BEGIN; ${tables} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`)
}
