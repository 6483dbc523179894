import { open } from 'node:fs/promises'

// A page is at most 65,307 bytes long (RFC 3533).
const LONGEST_PAGE_BYTES = 65_307
const LAST_PAGE_FLAG = 0x04

/**
 * Tells whether an Ogg file ends as it should, with a page that is whole and marked as the last of its stream.
 * `undefined` when the file is no Ogg: then it says nothing.
 */
export async function endsLikeOgg(file: string): Promise<boolean | undefined> {
  await using handle = await open(file)
  const { size } = await handle.stat()
  const magic = Buffer.alloc(4)
  await handle.read(magic, 0, 4, 0)
  if (magic.toString('latin1') !== 'OggS') return undefined
  const tail = Buffer.alloc(Math.min(size, 2 * LONGEST_PAGE_BYTES))
  await handle.read(tail, 0, tail.length, size - tail.length)
  const last = tail.lastIndexOf('OggS')
  const segments = tail[last + 26]
  if (last === -1 || segments === undefined) return false
  const body = tail.subarray(last + 27, last + 27 + segments).reduce((sum, length) => sum + length, 0)
  const end = last + 27 + segments + body
  return end <= tail.length && ((tail[last + 5] ?? 0) & LAST_PAGE_FLAG) !== 0
}
