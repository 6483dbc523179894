import { open } from 'node:fs/promises'

/** What the first bytes of a file say that it is, as far as it matters before ffprobe sees it. */
export type Sniffed = 'empty' | 'playlist' | 'picture' | 'document' | 'text' | 'unknown'

const HEAD_BYTES = 4096

/**
 * Recognises what is certainly no movie by its first bytes; the file's name means nothing. Playlists and scripts must
 * never reach a demuxer, and for the rest the truer error is told ("a picture" rather than "cannot be read").
 */
export async function sniffFile(file: string): Promise<Sniffed> {
  await using handle = await open(file)
  const head = Buffer.alloc(HEAD_BYTES)
  const { bytesRead } = await handle.read(head, 0, HEAD_BYTES, 0)
  return sniff(head.subarray(0, bytesRead))
}

export function sniff(head: Buffer): Sniffed {
  if (head.length === 0) return 'empty'
  const hex = head.subarray(0, 32).toString('hex')
  if (pictures.some((magic) => magic.test(hex))) return 'picture'
  if (documents.some((magic) => magic.test(hex))) return 'document'
  const text = head
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart()
  if (playlists.some((magic) => magic.test(text))) return 'playlist'
  return isText(head) ? 'text' : 'unknown'
}

/** The first bytes, in hexadecimal. */
const pictures: readonly RegExp[] = [
  /^89504e470d0a/, // PNG
  /^ffd8ff/, // JPEG
  /^474946383[79]61/, // GIF
  /^424d.{8}00000000/, // BMP
  /^(49492a00|4d4d002a)/, // TIFF
  /^52494646.{8}57454250/, // WebP
  /^38425053/, // Photoshop
  /^762f3101/, // OpenEXR
  /^(53445058|58504453)/, // DPX
  /^(0000000c6a5020200d0a|ff4fff51)/, // JPEG 2000
  /^(ff0a|0000000c4a584c20)/, // JPEG XL
  /^503[1-7](0a|20|0d)/, // PNM
  // Pictures in an ISO file (HEIC, AVIF): heic, heix, heim, heis, mif1, avif. Sequences have brands of their own.
  /^.{8}66747970(68656963|68656978|6865696d|68656973|6d696631|61766966)/,
  /^716f6966/, // QOI
]

const documents: readonly RegExp[] = [
  /^255044462d/, // PDF
  /^504b0304/, // zip, docx, jar
  /^1f8b/, // gzip
  /^(377abcaf|52617221)/, // 7z, rar
  /^7f454c46/, // ELF
  /^4d5a9000/, // Windows programs
]

const playlists: readonly RegExp[] = [
  /^#EXTM3U/,
  /^ffconcat\s/,
  /^(file|stream)\s+['"]?\S/, // a concat script does not need its header when the demuxer is forced
  /^;FFMETADATA/,
  /^\[playlist\]/i,
  /^\[Reference\]/i, // ASX references
  /^v=0\r?\n/, // SDP
  /^<(\?xml|MPD|SmoothStreamingMedia|smil|asx|ASX|playlist|AssetMap|CompositionPlaylist)\b/,
  /^(RTSPtext|rtsptext|SMILtext)/,
]

/** Printable UTF-8 throughout: no container that we read looks so. */
function isText(head: Buffer): boolean {
  // A character of several bytes may be cut at the end of what was read.
  const whole = head.length === HEAD_BYTES ? head.subarray(0, HEAD_BYTES - 4) : head
  for (const byte of whole) {
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x0c) return false
  }
  return !new TextDecoder('utf-8').decode(whole).slice(0, -1).includes('\ufffd')
}
