/**
 * A QuickTime movie whose media lies in another file: in the place of "in this file" its data reference names `target`
 * by a Macintosh alias (QuickTime File Format, 'dref'), and its chunks begin where that file does.
 */
export function movWithReference(movie: Buffer, target: string): Buffer {
  const boxes = readBoxes(movie)
  return Buffer.concat(
    boxes.map((box) => write(box.type === 'moov' ? { ...box, body: inside(box.body) } : box)),
  )

  function inside(body: Buffer): Buffer {
    return Buffer.concat(
      readBoxes(body).map((box) => {
        if (['trak', 'mdia', 'minf', 'dinf', 'stbl'].includes(box.type))
          return write({ ...box, body: inside(box.body) })
        if (box.type === 'dref') return write({ ...box, body: references(target) })
        // Version, flags and number of chunks stay; each place becomes 0.
        if (box.type === 'stco') return write({ ...box, body: Buffer.from(box.body).fill(0, 8) })
        return write(box)
      }),
    )
  }
}

interface Box {
  readonly type: string
  readonly body: Buffer
}

function readBoxes(bytes: Buffer): readonly Box[] {
  const boxes: Box[] = []
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at)
    boxes.push({ type: bytes.toString('latin1', at + 4, at + 8), body: bytes.subarray(at + 8, at + size) })
    at += Math.max(8, size)
  }
  return boxes
}

function write({ type, body }: Box): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + body.length, 0)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, body])
}

/** One reference: an alias record of which all but the absolute path is empty. */
function references(target: string): Buffer {
  const words = (...values: number[]) => {
    const bytes = Buffer.alloc(values.length * 2)
    for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2)
    return bytes
  }
  const place = Buffer.from(target.length % 2 ? `${target}\0` : target, 'latin1')
  const ABSOLUTE_PATH = 2
  const END = 0xffff
  const fields = Buffer.alloc(150)
  const record = Buffer.concat([fields, words(ABSOLUTE_PATH, place.length), place, words(END, 0)])
  // Version and flags, and that there is one.
  return Buffer.concat([
    Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]),
    write({ type: 'alis', body: Buffer.concat([Buffer.alloc(4), record]) }),
  ])
}
