import type { FileHandle } from 'node:fs/promises'

/**
 * Writes all of `chunks`, one behind the other, from `position` on, or where the file stands. A nearly full disk takes
 * a part of a write without an error; the next one says what is wrong, and it is thrown (`ENOSPC` and the like).
 */
export async function writeAll(
  file: FileHandle,
  chunks: readonly Uint8Array[],
  position?: number,
): Promise<void> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  let { bytesWritten: written } = await file.writev(chunks, position)
  if (written === total) return
  const whole = Buffer.concat(chunks)
  while (written < total) {
    const at = position === undefined ? null : position + written
    written += (await file.write(whole, written, total - written, at)).bytesWritten
  }
}
