import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'

/** One top-level box of an ISO file (MP4, MOV, M4A, 3GP). `sizeBytes` is what its header claims. */
export interface Mp4Box {
  readonly type: string
  readonly offset: number
  readonly sizeBytes: number
}

export interface Mp4Layout {
  readonly boxes: readonly Mp4Box[]
  /** Where the last box claims to end, less the size of the file: above 0 when the file was cut. */
  readonly missingBytes: number
  /** True when the index stands before the media, so that players can start at once. */
  readonly faststart: boolean
}

// A fragmented file has two boxes a fragment; beyond this nobody's movie is described any better.
const MOST_BOXES = 10_000

/**
 * Reads the headers of an ISO file's top-level boxes (ISO/IEC 14496-12, 4.2), never their bodies.
 * Returns `undefined` when the file does not start like one.
 */
export async function readMp4Layout(file: string): Promise<Mp4Layout | undefined> {
  await using handle = await open(file)
  const { size } = await handle.stat()
  const boxes: Mp4Box[] = []
  let offset = 0
  while (offset + 8 <= size && boxes.length < MOST_BOXES) {
    const box = await readBox(handle, offset, size)
    if (!box) break
    boxes.push(box)
    offset += box.sizeBytes
  }
  const [first] = boxes
  if (!first || !firstBoxTypes.has(first.type)) return undefined
  const moov = boxes.find((box) => box.type === 'moov')
  const mdat = boxes.find((box) => box.type === 'mdat')
  return {
    boxes,
    missingBytes: Math.max(0, offset - size),
    faststart: moov !== undefined && (mdat === undefined || moov.offset < mdat.offset),
  }
}

const firstBoxTypes = new Set(['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip', 'pnot', 'styp'])

async function readBox(handle: FileHandle, offset: number, fileSize: number): Promise<Mp4Box | undefined> {
  const header = Buffer.alloc(16)
  const { bytesRead } = await handle.read(header, 0, 16, offset)
  if (bytesRead < 8) return undefined
  const type = header.toString('latin1', 4, 8)
  if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) return undefined
  const size32 = header.readUInt32BE(0)
  if (size32 === 0) return { type, offset, sizeBytes: fileSize - offset }
  if (size32 !== 1) return size32 < 8 ? undefined : { type, offset, sizeBytes: size32 }
  if (bytesRead < 16) return undefined
  const size64 = Number(header.readBigUInt64BE(8))
  return size64 < 16 ? undefined : { type, offset, sizeBytes: size64 }
}
