/**
 * Gives the memory of a chunk back at once, unless it is a piece of something larger. Only for whoever is the last to
 * hold it. Left to the garbage collector, every 64 MiB of chunks make it search the whole heap: a third of an upload's
 * CPU time.
 */
export function freeChunk({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}
