import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { ReelmillError } from '#shared/errors.ts'
import { newSecret } from '#shared/ids.ts'
import { inputKey } from '#shared/jobs/keys.ts'
import type { ChunkProgress, UploadRecord } from '#shared/jobs/upload-record.ts'
import type { Found } from '#shared/state/state-store.ts'
import { partBytes } from '#shared/storage/write-in-parts.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { Upload } from '../shapes/upload.ts'
import { tooLarge } from './begin-upload.ts'
import type { OperationContext } from './context.ts'
import { requireOpen } from './fill-upload.ts'
import { findUpload } from './find-upload.ts'
import { presentUpload } from './present-upload.ts'
import { ResumableSha256 } from './resumable-sha256.ts'

// Chunks may be small, and a store's parts may not: they are kept as objects of their own until they fill a part.
const MOST_PENDING = 100

/**
 * Adds a chunk to an open upload, in order. A chunk that is sent again (its answer was lost) changes nothing. The
 * record says how far the upload has come; a chunk counts when the record says so, and not before.
 *
 * Throws `conflict` (not open, or the chunk does not begin where the upload ends: `facts.expectedOffset`),
 * `too-large`, `length-mismatch` (more than was announced), `store-unavailable`, what `body` fails with, and as
 * {@link findUpload}.
 */
export async function writeChunk(
  context: OperationContext,
  caller: Caller,
  uploadId: string,
  chunk: { readonly offset: number; readonly body: Readable; readonly signal?: AbortSignal },
): Promise<Upload> {
  const { store, publicUrl } = context
  const found = await findUpload(store, caller.tenant, uploadId)
  requireOpen(found.value)
  const received = found.value.receivedBytes ?? 0
  if (found.value.multipart) throw conflict(found.value, 'is filled by parts; it takes no chunks')
  if (chunk.offset > received) throw outOfOrder(found.value, chunk.offset)
  if (chunk.offset < received) {
    const end = chunk.offset + (await lengthOf(chunk.body, received - chunk.offset))
    if (end > received) throw outOfOrder(found.value, chunk.offset)
    return presentUpload(found.value, publicUrl)
  }
  const record = found.value.chunks ? found : await beginChunks(context, found)
  const added = await addBytes(context, record.value, chunk)
  if (added.bytes === 0) return presentUpload(record.value, publicUrl)
  return presentUpload(await commit(context, record, added), publicUrl)
}

/** Where an upload by chunks stands once a chunk is stored but not yet counted. */
interface Added {
  readonly bytes: number
  readonly progress: ChunkProgress
  /** Objects that this chunk made, and those that it used up. */
  readonly made: readonly string[]
  readonly used: readonly string[]
}

async function addBytes(
  context: OperationContext,
  upload: UploadRecord,
  chunk: { readonly body: Readable; readonly signal?: AbortSignal },
): Promise<Added> {
  const { media, limits } = context
  const progress = progressOf(upload)
  const options = chunk.signal ? { signal: chunk.signal } : {}
  const hash = new ResumableSha256(progress.sha256State)
  const most = (upload.declaredSizeBytes ?? limits.maxUploadBytes) - (upload.receivedBytes ?? 0)
  let { parts, partsDigest, pending } = progress
  let gathered: Uint8Array[] = []
  let gatheredBytes = 0
  let bytes = 0
  const pendingBytes = () => pending.reduce((sum, each) => sum + each.sizeBytes, 0)
  const size = () => partBytes(parts + 1, upload.declaredSizeBytes)

  /** Writes the next part out of what waits and what was gathered. Pending objects are read whole: less than a part. */
  const writePart = async (length: number) => {
    const waiting = await Promise.all(pending.map(({ key }) => readWhole(context, key)))
    const all = Buffer.concat([...waiting, ...gathered])
    const part = await media.writePart(
      progress.key,
      progress.uploadId,
      parts + 1,
      all.subarray(0, length),
      chunk.signal,
    )
    parts++
    partsDigest = digestOf(partsDigest, part.etag)
    pending = []
    gathered = length < all.length ? [all.subarray(length)] : []
    gatheredBytes = all.length - length
  }

  for await (const piece of chunk.body as AsyncIterable<Uint8Array>) {
    bytes += piece.length
    if (bytes > most)
      throw upload.declaredSizeBytes === undefined
        ? tooLarge(limits.maxUploadBytes)
        : moreThanAnnounced(upload)
    hash.update(piece)
    gathered.push(piece)
    gatheredBytes += piece.length
    while (pendingBytes() + gatheredBytes >= size()) await writePart(size())
  }
  const made: string[] = []
  if (gatheredBytes > 0) {
    const joined =
      pending.length >= MOST_PENDING
        ? await Promise.all(pending.map(({ key }) => readWhole(context, key)))
        : []
    const rest = Buffer.concat([...joined, ...gathered])
    const key = inputKey(upload.tenant, upload.id, `chunk-${newSecret(12)}`)
    await media.write(key, rest, { sizeBytes: rest.length, ...options })
    made.push(key)
    pending = [...(joined.length > 0 ? [] : pending), { key, sizeBytes: rest.length }]
  }
  const kept = new Set(pending.map(({ key }) => key))
  return {
    bytes,
    made,
    used: progress.pending.map(({ key }) => key).filter((key) => !kept.has(key)),
    progress: {
      ...progress,
      parts,
      partsDigest,
      pending,
      sha256State: hash.state(),
      lastChunk: newSecret(12),
    },
  }
}

/** Counts the chunk in the record. Of the same chunk sent twice at once one counts, and both are answered alike. */
async function commit(
  context: OperationContext,
  record: Found<UploadRecord>,
  added: Added,
): Promise<UploadRecord> {
  const { store, media } = context
  const before = record.value.receivedBytes ?? 0
  const after = before + added.bytes
  const swapped = await store.swap<UploadRecord>(
    record,
    (current) =>
      current.kind === 'upload' && current.state === 'open' && (current.receivedBytes ?? 0) === before
        ? { ...current, chunks: added.progress, receivedBytes: after }
        : undefined,
    (current) => current.kind === 'upload' && current.chunks?.lastChunk === added.progress.lastChunk,
  )
  if (swapped.outcome === 'done') {
    if (added.used.length > 0) await media.delete(added.used)
    return swapped.found.value
  }
  if (added.made.length > 0) await media.delete(added.made)
  const { value: now } = await findUpload(store, record.value.tenant, record.value.id)
  requireOpen(now)
  if ((now.receivedBytes ?? 0) >= after) return now
  throw outOfOrder(now, before)
}

async function beginChunks(
  context: OperationContext,
  found: Found<UploadRecord>,
): Promise<Found<UploadRecord>> {
  const { store, media } = context
  const { id, tenant, contentType } = found.value
  const key = inputKey(tenant, id, newSecret(12))
  const uploadId = await media.beginMultipart(key, contentType === undefined ? {} : { contentType })
  const chunks: ChunkProgress = {
    key,
    uploadId,
    parts: 0,
    partsDigest: '',
    pending: [],
    sha256State: new ResumableSha256().state(),
    lastChunk: '',
  }
  const swapped = await store.swap<UploadRecord>(
    found,
    (current) =>
      current.kind === 'upload' && current.state === 'open' && !current.chunks && !current.multipart
        ? { ...current, chunks, receivedBytes: 0 }
        : undefined,
    (current) => current.kind === 'upload' && current.chunks?.uploadId === uploadId,
  )
  if (swapped.outcome === 'done') return swapped.found
  await media.abortMultipart(key, uploadId)
  const now = await findUpload(store, tenant, id)
  requireOpen(now.value)
  if (now.value.chunks && (now.value.receivedBytes ?? 0) === 0) return now
  throw outOfOrder(now.value, 0)
}

/** The progress of an upload that has begun to take chunks. */
export function progressOf(upload: UploadRecord): ChunkProgress {
  if (upload.chunks) return upload.chunks
  throw conflict(upload, 'has no chunks yet')
}

/** A running digest of the parts' ETags in order: the record would grow too large with each of them. */
export const digestOf = (before: string, etag: string): string =>
  createHash('sha256').update(`${before}${etag}`).digest('hex')

/** An object that waits to become part of a part; never more than one part's bytes. */
export async function readWhole(context: OperationContext, key: string): Promise<Buffer> {
  const object = await context.media.read(key)
  if (!object) {
    throw new ReelmillError('conflict', 'Another request is adding the same chunk. Send it again.', {
      facts: { key },
      retry: 'same',
    })
  }
  const parts: Uint8Array[] = []
  for await (const part of object.body as AsyncIterable<Uint8Array>) parts.push(part)
  return Buffer.concat(parts)
}

/** How long a chunk is that is here already; more than `enough` is not counted. */
async function lengthOf(body: Readable, enough: number): Promise<number> {
  let bytes = 0
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    bytes += piece.length
    if (bytes > enough) break
  }
  return bytes
}

const outOfOrder = (upload: UploadRecord, offset: number): Error => {
  const expectedOffset = upload.receivedBytes ?? 0
  return conflict(
    upload,
    `has ${expectedOffset} bytes, so the next chunk begins at the offset ${expectedOffset}, not at ${offset}`,
    { expectedOffset, field: 'Offset' },
  )
}

const conflict = (upload: UploadRecord, what: string, facts: Record<string, unknown> = {}): Error =>
  new ReelmillError('conflict', `The upload ${upload.id} ${what}.`, {
    facts: { uploadId: upload.id, ...facts },
  })

const moreThanAnnounced = (upload: UploadRecord): Error =>
  new ReelmillError(
    'length-mismatch',
    `The chunks have more than the ${upload.declaredSizeBytes} bytes that were announced. Begin another upload.`,
  )
