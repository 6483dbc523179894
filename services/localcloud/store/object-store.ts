import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Log } from '#shared/log.ts'
import { S3Error } from '../s3/s3-error.ts'
import { BlobFiles } from './blob-files.ts'
import { GroupCommit } from './group-commit.ts'
import { type ListQuery, type ListResult, listKeys } from './list-keys.ts'
import {
  type Piece,
  prepareReads,
  type ReadStatements,
  type StoredObject,
  type Upload,
} from './read-statements.ts'
import type { Content, NewPiece, WriteOperation, WriteResult } from './write-operation.ts'

/** Bodies up to this many bytes live in their row: records, hints, playlists. One flush makes them durable. */
const INLINE_BYTES = 64 * 1024

/** An object while it is read: `close` lets go of its files, and must be called. */
export interface OpenObject {
  readonly object: StoredObject
  readonly pieces: readonly Piece[]
  /** The bytes from `start` to `end`, both inclusive. */
  read(start: number, end: number): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/**
 * Buckets, objects and multipart uploads of one data folder. Reads are answered here, from a connection of their
 * own; writes go through one thread that commits them in groups. What `write` has acknowledged is on the disk.
 */
export class ObjectStore {
  readonly #commits: GroupCommit
  readonly #reader: DatabaseSync
  readonly #sql: ReadStatements
  readonly #blobs: BlobFiles
  /** In memory, since every request asks; nobody else writes to this folder. */
  readonly #buckets: Map<string, { readonly name: string; readonly createdMs: number }>

  private constructor(commits: GroupCommit, reader: DatabaseSync, blobs: BlobFiles) {
    this.#commits = commits
    this.#reader = reader
    this.#sql = prepareReads(reader)
    this.#blobs = blobs
    this.#buckets = new Map(this.#sql.buckets().map((bucket) => [bucket.name, bucket]))
  }

  /** Opens `folder`, which the caller has locked, and removes what a crash left unfinished. */
  static async open(folder: string, log: Log): Promise<ObjectStore> {
    await mkdir(folder, { recursive: true })
    const file = join(folder, 'metadata.sqlite')
    const commits = await GroupCommit.open(file)
    const blobs = await BlobFiles.open(join(folder, 'blobs'), log)
    const store = new ObjectStore(commits, new DatabaseSync(file, { readOnly: true }), blobs)
    const named = store.#sql.allBlobs()
    const orphans = await blobs.removeOrphans((blob) => named.has(blob))
    if (orphans > 0) log.info({ orphans }, 'removed files of writes that were never acknowledged')
    return store
  }

  /** Does it, durably, or throws what S3 says (`S3Error`). Blobs that the operation brings are removed if it fails. */
  async write(operation: WriteOperation): Promise<Extract<WriteResult, { ok: true }>> {
    let result: WriteResult
    try {
      result = await this.#commits.write(operation)
    } catch (error) {
      await this.#blobs.remove(blobsOf(operation))
      throw error
    }
    if (!result.ok) {
      await this.#blobs.remove(blobsOf(operation))
      throw new S3Error(
        result.refused,
        undefined,
        result.detail === undefined ? {} : { Detail: result.detail },
      )
    }
    if (operation.kind === 'create-bucket') {
      this.#buckets.set(operation.bucket, { name: operation.bucket, createdMs: operation.nowMs })
    }
    if (operation.kind === 'delete-bucket') this.#buckets.delete(operation.bucket)
    if (result.freed.length > 0) await this.#blobs.remove(result.freed)
    return result
  }

  /** Takes a body to its end, to be named by the next `write`. */
  take(body: AsyncIterable<Uint8Array>): Promise<{ content: Content; size: number }> {
    return this.#blobs.take(body, INLINE_BYTES)
  }

  /** Throws away what `take` took, when it is not wanted after all. */
  async discard(content: Content): Promise<void> {
    if ('blob' in content) await this.#blobs.remove([content.blob])
  }

  /** In the order of their names. */
  buckets(): { readonly name: string; readonly createdMs: number }[] {
    return [...this.#buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Throws `NoSuchBucket`. */
  requireBucket(bucket: string): void {
    if (!this.#buckets.has(bucket)) throw new S3Error('NoSuchBucket', undefined, { BucketName: bucket })
  }

  head(bucket: string, key: string): StoredObject | undefined {
    return this.#sql.object(bucket, key)
  }

  /** The object with its bytes held until `close`: an overwrite or delete meanwhile does not disturb the reader. */
  openObject(bucket: string, key: string): OpenObject | undefined {
    const object = this.#sql.objectWithBody(bucket, key)
    if (!object) return undefined
    const pieces: readonly Piece[] =
      object.owner === undefined
        ? [
            {
              number: 1,
              etag: object.etag,
              size: object.size,
              content: { body: object.body ?? new Uint8Array() },
            },
          ]
        : this.#sql.pieces(object.owner)
    const blobs = pieces.flatMap(({ content }) => ('blob' in content ? [content.blob] : []))
    this.#blobs.pin(blobs)
    let open = true
    return {
      object,
      pieces,
      read: (start, end) => this.#read(pieces, start, end),
      close: async () => {
        if (!open) return
        open = false
        await this.#blobs.unpin(blobs)
      },
    }
  }

  /** The same content under new names, for a copy: files are linked, not copied. */
  async duplicate(source: OpenObject): Promise<{ body: Uint8Array } | { owner: string; pieces: NewPiece[] }> {
    const [only] = source.pieces
    if (source.object.owner === undefined && only && 'body' in only.content)
      return { body: only.content.body }
    const pieces: NewPiece[] = []
    for (const piece of source.pieces) {
      const { content } = piece
      const copied = 'blob' in content ? { blob: await this.#blobs.duplicate(content.blob) } : content
      pieces.push({ ...piece, checksum: undefined, content: copied })
    }
    return { owner: newOwner(), pieces }
  }

  list(bucket: string, query: ListQuery): ListResult {
    return listKeys(this.#sql, bucket, query)
  }

  upload(bucket: string, key: string, uploadId: string): Upload {
    const upload = this.#sql.upload(bucket, key, uploadId)
    if (!upload) throw new S3Error('NoSuchUpload', undefined, { UploadId: uploadId })
    return upload
  }

  uploads(bucket: string): Upload[] {
    return this.#sql.uploads(bucket)
  }

  parts(uploadId: string, afterNumber: number, limit: number) {
    return this.#sql.parts(uploadId, afterNumber, limit)
  }

  async close(): Promise<void> {
    await this.#commits.close()
    this.#reader.close()
  }

  async *#read(pieces: readonly Piece[], start: number, end: number): AsyncGenerator<Uint8Array> {
    let offset = 0
    for (const { size, content } of pieces) {
      const first = Math.max(start - offset, 0)
      const last = Math.min(end - offset, size - 1)
      offset += size
      if (first > last) continue
      if ('blob' in content) yield* this.#blobs.read(content.blob, first, last)
      else yield content.body.subarray(first, last + 1)
    }
  }
}

/** Names the pieces of one object. */
export const newOwner = (): string => randomUUID()

function blobsOf(operation: WriteOperation): string[] {
  const contents: Content[] = []
  if (operation.kind === 'put-part') contents.push(operation.piece.content)
  if (operation.kind === 'put-object' && 'pieces' in operation.content) {
    contents.push(...operation.content.pieces.map((piece) => piece.content))
  }
  return contents.flatMap((content) => ('blob' in content ? [content.blob] : []))
}
