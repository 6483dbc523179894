import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import { addAbortSignal } from 'node:stream'
import type { Clock } from '#shared/clock.ts'
import { ReelmillError } from '#shared/errors.ts'
import { freeChunk } from '#shared/free-chunk.ts'
import type { FrozenInput } from '#shared/jobs/record.ts'
import { backoffMs } from '#shared/retry.ts'
import type { MediaObject, MediaStore } from '#shared/storage/media-store.ts'
import { writeAll } from '#shared/write-all.ts'
import { isDiskFull } from './is-disk-full.ts'
import type { Workspace } from './workspace.ts'

export interface FetchedInput {
  readonly path: string
  readonly sizeBytes: number
}

const TRIES = 5
// The network brings 64 KiB at a time; written by sixteen, a movie arrives in three quarters of the time.
const WRITE_BYTES = 2 ** 20

/**
 * Streams an input into the workspace, all of its bytes; `checkInput` finds out whether they are the right ones. A
 * connection that breaks is taken up where it broke, if the object is still the same.
 *
 * Throws `input-missing`, `input-empty`, `input-too-large`, `disk-full`, `store-unavailable`.
 */
export async function fetchInput(
  context: { readonly clock: Clock; openBucket(bucket: string | undefined): MediaStore },
  input: FrozenInput,
  workspace: Workspace,
  signal: AbortSignal,
): Promise<FetchedInput> {
  const media = context.openBucket(input.bucket)
  const object = await media.head(input.key, signal)
  if (!object) throw missing(input)
  if (object.sizeBytes === 0)
    throw new ReelmillError('input-empty', 'The input has no bytes. Upload the movie again.')
  await workspace.makeRoom(object.sizeBytes)

  // A neutral name: what the client called the file must not decide how ffmpeg reads it.
  const target = path.join(workspace.inputDir, input.id.replace(/[^a-z0-9]/gi, ''))
  let received = 0
  for (let attempt = 1; received < object.sizeBytes; attempt++) {
    try {
      await appendFrom(media, object, target, received, signal, (bytes) => {
        received += bytes
      })
    } catch (error) {
      signal.throwIfAborted()
      if (isDiskFull(error)) {
        throw new ReelmillError(
          'disk-full',
          'The disk of the worker filled up while the input was fetched.',
          {
            cause: error,
          },
        )
      }
      if (attempt >= TRIES || (error instanceof ReelmillError && error.code !== 'store-unavailable'))
        throw error
      await context.clock.sleep(backoffMs(attempt, { firstMs: 200, mostMs: 10_000 }), signal)
    }
  }
  return { path: target, sizeBytes: received }
}

async function appendFrom(
  media: MediaStore,
  object: MediaObject,
  target: string,
  start: number,
  signal: AbortSignal,
  onWritten: (bytes: number) => void,
): Promise<void> {
  // Before there is a body: one that breaks while nobody listens to it would end this process.
  await using file = await open(target, start > 0 ? 'r+' : 'w')
  const range = start > 0 ? { range: { start } } : {}
  const answer = await media.read(object.key, { ...range, signal })
  if (!answer || answer.etag !== object.etag) {
    answer?.body.destroy()
    throw new ReelmillError(
      'input-missing',
      'The input was replaced or deleted while it was fetched. Submit again.',
    )
  }
  await writeFrom(file, start, addAbortSignal(signal, answer.body), onWritten)
}

/**
 * Writes some chunks at a time while the next ones arrive, and tells of them once they are in the file: what was still
 * on its way when a connection broke has to come again.
 */
async function writeFrom(
  file: FileHandle,
  start: number,
  chunks: AsyncIterable<Buffer>,
  onWritten: (bytes: number) => void,
): Promise<void> {
  let gathered: Buffer[] = []
  let bytes = 0
  let position = start
  let writing: Promise<void> = Promise.resolve()
  const write = async () => {
    await writing
    const [some, someBytes, at] = [gathered, bytes, position]
    gathered = []
    position += bytes
    bytes = 0
    writing = writeAll(file, some, at).then(() => {
      onWritten(someBytes)
      for (const chunk of some) freeChunk(chunk)
    })
    writing.catch(() => undefined) // thrown by whoever waits for it next
  }
  try {
    for await (const chunk of chunks) {
      gathered.push(chunk)
      bytes += chunk.length
      if (bytes >= WRITE_BYTES) await write()
    }
    await write()
  } finally {
    await writing
  }
}

const missing = (input: FrozenInput) =>
  new ReelmillError(
    'input-missing',
    'The input is not in the store: it expired or was deleted. Upload it again.',
    {
      facts: { input: input.id },
    },
  )
