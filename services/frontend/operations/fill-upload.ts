import type { Readable } from 'node:stream'
import { ReelmillError } from '#shared/errors.ts'
import { newSecret } from '#shared/ids.ts'
import { inputKey } from '#shared/jobs/keys.ts'
import type { UploadRecord } from '#shared/jobs/upload-record.ts'
import type { Found } from '#shared/state/state-store.ts'
import type { Caller } from '#shared/tenants/caller.ts'
import type { Upload } from '../shapes/upload.ts'
import { tooLarge } from './begin-upload.ts'
import { ByteMeter } from './byte-meter.ts'
import type { OperationContext } from './context.ts'
import { findUpload } from './find-upload.ts'
import { finishUpload } from './finish-upload.ts'
import { presentUpload } from './present-upload.ts'
import { pump } from './pump.ts'

/** What is known of a content before it has arrived. */
export interface Announced {
  readonly sizeBytes?: number
  /** Lower-case hexadecimal. */
  readonly sha256?: string
  readonly contentType?: string
}

/**
 * Fills an upload from a stream, in constant memory. The bytes go to a key of their own, and the upload takes
 * them over only when they are whole and as announced; whatever goes wrong leaves the upload open and nothing
 * in the store. `begin` is called when the content is about to be read (the upload can take it).
 *
 * Throws `conflict` (not open), `too-large`, `length-mismatch`, `store-unavailable`, what `body` fails with if that
 * is one of ours, and as {@link findUpload}.
 */
export async function fillUpload(
  context: OperationContext,
  caller: Caller,
  uploadId: string,
  content: {
    readonly body: Readable
    /** As when a movie is written: the chunks of the body are nobody else's. */
    readonly takesChunks?: boolean
    readonly announced: Announced
    begin?(): void
    readonly signal?: AbortSignal
  },
): Promise<Upload> {
  const { store, media, limits } = context
  const found = await findUpload(store, caller.tenant, uploadId)
  requireOpen(found.value)
  const expected = expectation(found, content.announced, limits.maxUploadBytes)
  content.begin?.()

  const contentType = found.value.contentType ?? content.announced.contentType
  const key = inputKey(caller.tenant, uploadId, newSecret(12))
  const mostBytes = expected.sizeBytes ?? limits.maxUploadBytes
  const meter = new ByteMeter({
    mostBytes,
    tooMuch: () =>
      expected.sizeBytes === undefined ? tooLarge(mostBytes) : sizeDiffers(mostBytes, 'more than that'),
  })
  try {
    await pump(content, meter, (signal) =>
      media.write(key, meter, {
        ...(contentType !== undefined && { contentType }),
        ...(expected.sizeBytes !== undefined && { sizeBytes: expected.sizeBytes }),
        ...(content.takesChunks && { takesChunks: true }),
        signal,
      }),
    )
    compare(expected, meter)
  } catch (error) {
    await media.delete([key]) // in most cases there is nothing, since an unfinished write is never visible
    throw error
  }
  const ready = await finishUpload(context, found, {
    key,
    sizeBytes: meter.bytes,
    sha256: meter.sha256(),
    ...(contentType !== undefined && { contentType }),
  })
  return presentUpload(ready, context.publicUrl)
}

/** Throws `conflict` unless the upload can still be filled. */
export function requireOpen(upload: UploadRecord): void {
  if (upload.state === 'open') return
  throw new ReelmillError(
    'conflict',
    `The upload ${upload.id} is ${upload.state} and cannot be filled (again). Begin another one for other content.`,
    { facts: { uploadId: upload.id, state: upload.state } },
  )
}

interface Expected {
  readonly sizeBytes?: number
  readonly sha256: readonly string[]
}

/** What upload and request announce must agree; then the content is held to it. */
function expectation(found: Found<UploadRecord>, announced: Announced, mostBytes: number): Expected {
  const { declaredSizeBytes, declaredSha256 } = found.value
  const sizeBytes = announced.sizeBytes ?? declaredSizeBytes
  if (declaredSizeBytes !== undefined && sizeBytes !== declaredSizeBytes) {
    throw sizeDiffers(declaredSizeBytes, `${sizeBytes} by Content-Length`)
  }
  if (sizeBytes !== undefined && sizeBytes > mostBytes) throw tooLarge(mostBytes)
  return {
    ...(sizeBytes !== undefined && { sizeBytes }),
    sha256: [declaredSha256, announced.sha256].filter((sha256) => sha256 !== undefined),
  }
}

function compare(expected: Expected, meter: ByteMeter): void {
  if (expected.sizeBytes !== undefined && expected.sizeBytes !== meter.bytes) {
    throw sizeDiffers(expected.sizeBytes, String(meter.bytes))
  }
  const other = expected.sha256.find((sha256) => sha256 !== meter.sha256())
  if (other === undefined) return
  throw new ReelmillError(
    'length-mismatch',
    `The SHA-256 of what arrived is ${meter.sha256()} and not ${other}. Send the content again.`,
  )
}

const sizeDiffers = (announcedBytes: number, got: string) =>
  new ReelmillError(
    'length-mismatch',
    `The content was announced with ${announcedBytes} bytes, but it is ${got}. Send it again, or begin an upload of the right size.`,
  )
