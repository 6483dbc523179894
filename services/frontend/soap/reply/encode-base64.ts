/** The same bytes as base64 on one line, chunk by chunk. */
export async function* encodeBase64(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  // Three bytes make four characters; what does not fill a group waits for the next chunk.
  let carry: Buffer = Buffer.alloc(0)
  for await (const chunk of source) {
    const bytes =
      carry.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        : Buffer.concat([carry, chunk])
    const whole = bytes.length - (bytes.length % 3)
    carry = bytes.subarray(whole)
    if (whole > 0) yield Buffer.from(bytes.toString('base64', 0, whole), 'latin1')
  }
  if (carry.length > 0) yield Buffer.from(carry.toString('base64'), 'latin1')
}
