import { crc32, deflateSync } from 'node:zlib'

/** A black PNG in grey: megabytes of picture in kilobytes of file. */
export function blackPng(width: number, height: number, bitsPerPixel: 1 | 8 = 1): Buffer {
  const chunk = (type: string, body: Buffer) => {
    const content = Buffer.concat([Buffer.from(type, 'latin1'), body])
    const frame = Buffer.alloc(8)
    frame.writeUInt32BE(body.length, 0)
    frame.writeUInt32BE(crc32(content), 4)
    return Buffer.concat([frame.subarray(0, 4), content, frame.subarray(4)])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = bitsPerPixel
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk(
      'IDAT',
      deflateSync(Buffer.alloc(height * (Math.ceil((width * bitsPerPixel) / 8) + 1)), { level: 1 }),
    ),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
