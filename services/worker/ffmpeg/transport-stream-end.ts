import { open } from 'node:fs/promises'

/**
 * Length of a packet, and where its sync byte stands: plain, from a camcorder or Blu-ray (M2TS), with error correction.
 */
const layouts = [
  { packetBytes: 188, syncAt: 0 },
  { packetBytes: 192, syncAt: 4 },
  { packetBytes: 204, syncAt: 0 },
] as const
const SYNC = 0x47
/** So many packets in a row are no coincidence. */
const PACKETS = 10

/**
 * Tells whether an MPEG transport stream ends with a whole packet; it says nothing else of how long it should be.
 * `undefined` when the file does not begin with packets: then it says nothing.
 */
export async function endsLikeTransportStream(file: string): Promise<boolean | undefined> {
  await using handle = await open(file)
  const head = Buffer.alloc(PACKETS * 204)
  const { bytesRead } = await handle.read(head, 0, head.length, 0)
  const layout = layouts.find(({ packetBytes, syncAt }) =>
    Array.from({ length: PACKETS }, (_, i) => i * packetBytes + syncAt).every(
      (at) => at < bytesRead && head[at] === SYNC,
    ),
  )
  if (!layout) return undefined
  const { size } = await handle.stat()
  return size % layout.packetBytes === 0
}
