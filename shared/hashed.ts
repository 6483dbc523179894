/** The same chunks, each told to `hash` on its way. */
export async function* hashed<Chunk extends Uint8Array>(
  chunks: AsyncIterable<Chunk>,
  hash: { update(chunk: Uint8Array): unknown },
): AsyncGenerator<Chunk> {
  for await (const chunk of chunks) {
    hash.update(chunk)
    yield chunk
  }
}
