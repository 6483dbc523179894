import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { ReelmillError } from '#shared/errors.ts'
import { freeChunk } from '#shared/free-chunk.ts'
import type { FrozenInput } from '#shared/jobs/record.ts'

// Small: while a piece is digested, the probe of the same movie and the heartbeat wait.
const READ_BYTES = 256 * 1024

/**
 * Compares a fetched movie, as ffmpeg reads it from the disk, with the SHA-256 of what was uploaded, where that is
 * known. Reads the whole file, so it runs beside the encode, which leaves time to spare.
 *
 * Throws `input-damaged`, or the signal's reason.
 */
export async function checkInput(input: FrozenInput, file: string, signal: AbortSignal): Promise<void> {
  if (input.sha256 === undefined) return
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: READ_BYTES })) {
    signal.throwIfAborted()
    hash.update(chunk)
    freeChunk(chunk)
  }
  const sha256 = hash.digest('hex')
  if (input.sha256 === sha256) return
  throw new ReelmillError(
    'input-damaged',
    'The movie that was fetched is not the one that was uploaded: its SHA-256 differs. Upload it again.',
    { facts: { expected: input.sha256, found: sha256 } },
  )
}
