import { randomUUID } from 'node:crypto'
import { copyFile, type FileHandle, link, mkdir, open, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '#shared/log.ts'
import { writeAll } from '#shared/write-all.ts'
import { S3Error } from '../s3/s3-error.ts'
import type { Content } from './write-operation.ts'

/** Chunks are gathered up to this size, so that a movie is not written in thousands of small writes. */
const WRITE_BYTES = 512 * 1024
const READ_BYTES = 256 * 1024

/**
 * Bodies too large for a row, one file each, written once and never changed. A file is nothing until a row names
 * it: it is flushed, and its folder too, before the row is committed, so no temporary name is needed; what a crash
 * leaves behind has no row and is removed at the next start.
 *
 * A file that somebody reads is pinned; its removal then waits for the reader, who sees the old object to its end.
 */
export class BlobFiles {
  readonly #root: string
  readonly #log: Log
  readonly #pins = new Map<string, number>()
  readonly #doomed = new Set<string>()

  private constructor(root: string, log: Log) {
    this.#root = root
    this.#log = log
  }

  static async open(root: string, log: Log): Promise<BlobFiles> {
    for (let i = 0; i < 256; i++) await mkdir(join(root, hex(i)), { recursive: true })
    await syncFolder(root)
    return new BlobFiles(root, log)
  }

  /** Removes files that no row names. Only at start, before anything is written. */
  async removeOrphans(isNamed: (blob: string) => boolean): Promise<number> {
    let removed = 0
    for (let i = 0; i < 256; i++) {
      for (const blob of await readdir(join(this.#root, hex(i)))) {
        if (isNamed(blob)) continue
        await unlink(this.#path(blob))
        removed++
      }
    }
    return removed
  }

  /**
   * Takes a body to its end: up to `inlineBytes` of it in memory, a larger one into a new file, flushed. When the
   * body fails, or the disk is full, nothing is left of it.
   */
  async take(
    body: AsyncIterable<Uint8Array>,
    inlineBytes: number,
  ): Promise<{ content: Content; size: number }> {
    let file: BlobWriter | undefined
    let gathered: Uint8Array[] = []
    let gatheredBytes = 0
    let size = 0
    try {
      for await (const chunk of body) {
        gathered.push(chunk)
        gatheredBytes += chunk.length
        size += chunk.length
        if (size <= inlineBytes || gatheredBytes < WRITE_BYTES) continue
        file ??= await this.#create()
        await file.write(gathered)
        gathered = []
        gatheredBytes = 0
      }
      if (size <= inlineBytes) return { content: { body: joined(gathered, size) }, size }
      file ??= await this.#create()
      await file.write(gathered)
      await file.flush()
      return { content: { blob: file.blob }, size }
    } catch (error) {
      if (file) await this.#discard(file)
      throw isDiskFull(error) ? new S3Error('InsufficientStorage') : error
    }
  }

  /** A second name for the same bytes, which outlives the first. For copies: no bytes are moved. */
  async duplicate(blob: string): Promise<string> {
    const copy = randomUUID()
    try {
      await link(this.#path(blob), this.#path(copy))
    } catch {
      // File systems without hard links (exFAT, some network shares) copy.
      await copyFile(this.#path(blob), this.#path(copy))
      await syncFile(this.#path(copy))
    }
    await syncFolder(join(this.#root, copy.slice(0, 2)))
    return copy
  }

  /** The bytes `start` to `end`, both inclusive. Fails rather than end early. The caller holds a pin. */
  async *read(blob: string, start: number, end: number): AsyncGenerator<Buffer> {
    const file = await open(this.#path(blob), 'r')
    try {
      for (let position = start; position <= end; ) {
        const length = Math.min(READ_BYTES, end - position + 1)
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, position)
        if (bytesRead === 0) throw new Error(`blob ${blob} ends at ${position} instead of ${end + 1}`)
        position += bytesRead
        yield bytesRead === length ? buffer : buffer.subarray(0, bytesRead)
      }
    } finally {
      await file.close()
    }
  }

  pin(blobs: readonly string[]): void {
    for (const blob of blobs) this.#pins.set(blob, (this.#pins.get(blob) ?? 0) + 1)
  }

  async unpin(blobs: readonly string[]): Promise<void> {
    const free: string[] = []
    for (const blob of blobs) {
      const left = (this.#pins.get(blob) ?? 1) - 1
      if (left > 0) this.#pins.set(blob, left)
      else this.#pins.delete(blob)
      if (left === 0 && this.#doomed.delete(blob)) free.push(blob)
    }
    await this.remove(free)
  }

  /** Removes files that no row names any more, each as soon as nobody reads it. */
  async remove(blobs: readonly string[]): Promise<void> {
    for (const blob of blobs) {
      if (this.#pins.has(blob)) this.#doomed.add(blob)
      else {
        await unlink(this.#path(blob)).catch((error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return
          // It wastes space until the next start, and harms nothing else.
          this.#log.warn({ err: error, blob }, 'a file that is not needed any more could not be removed')
        })
      }
    }
  }

  async #create(): Promise<BlobWriter> {
    const blob = randomUUID()
    return new BlobWriter(blob, join(this.#root, blob.slice(0, 2)), await open(this.#path(blob), 'wx'))
  }

  async #discard(file: BlobWriter): Promise<void> {
    await file.close()
    await this.remove([file.blob])
  }

  #path(blob: string): string {
    return join(this.#root, blob.slice(0, 2), blob)
  }
}

class BlobWriter {
  readonly blob: string
  readonly #folder: string
  readonly #file: FileHandle
  #closed = false

  constructor(blob: string, folder: string, file: FileHandle) {
    this.blob = blob
    this.#folder = folder
    this.#file = file
  }

  write(chunks: readonly Uint8Array[]): Promise<void> {
    return writeAll(this.#file, chunks)
  }

  async flush(): Promise<void> {
    await this.#file.datasync()
    await this.close()
    await syncFolder(this.#folder)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#file.close()
  }
}

/**
 * In memory of its own. Buffer.concat would put a small body into a block that it shares with others, and sending
 * it to the writer's thread would copy the whole block.
 */
function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let filled = 0
  for (const chunk of chunks) {
    whole.set(chunk, filled)
    filled += chunk.length
  }
  return whole
}

/** A new name is durable only when its folder is flushed too. */
async function syncFolder(path: string): Promise<void> {
  await syncFile(path)
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')

const isDiskFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '')
