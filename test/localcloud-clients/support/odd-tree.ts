import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'

/** What a tree holds: for each path, with slashes, the MD5 of its bytes in hex. */
export type Tree = ReadonlyMap<string, string>

/** Each a way in which somebody's names went wrong: in a URL, a signature, XML, a shell, or the order of a list. */
const oddNames = [
  'with space',
  ' leading space',
  'trailing space ',
  'two  spaces',
  'plus+plus ++',
  'percent%2Fslash %2f %25 %',
  'a%20b+c d',
  'ampersand&equals=question?hash#',
  'quotes"and\'apostrophe`',
  'angle<brackets>&amp;&lt;',
  'colon:semicolon;comma,at@',
  'dollar$star*bang!caret^pipe|tilde~',
  'brackets[1]{2}(3)',
  'back\\slash',
  '.hidden',
  '...',
  'trailing.dot.',
  '-dash',
  '--help',
  'größe äöüß',
  'Cafe\u0301 decomposed',
  'Café composed',
  '日本語のファイル',
  'العربية',
  'emoji 🎬🎞️ 👩‍👩‍👧',
  'full width ～ and 🅰 beyond',
  'zero\u200bwidth\u202eright',
  'non\u00a0breaking',
  'İstanbul ﬁ ſ',
  'tag\uE000private',
]

/**
 * Writes `count` small files with odd names into `folder`, one with a path that with `prefix` before it has
 * S3's 1,024 bytes.
 */
export async function writeOddTree(folder: string, prefix: string, count: number): Promise<Tree> {
  const tree = new Map<string, string>()
  for (const path of oddPaths(1_024 - Buffer.byteLength(prefix), count)) {
    // Some empty, some of more than the 64 KiB that the store keeps in a row.
    const size = tree.size % 97 === 0 ? 0 : tree.size % 101 === 0 ? 80_000 : 20 + (tree.size % 500)
    const bytes = Buffer.alloc(size, `${tree.size} ${path} `)
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
    tree.set(path, md5(bytes))
  }
  return tree
}

/** What lies under `folder`. */
export async function readTree(folder: string): Promise<Tree> {
  const tree = new Map<string, string>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    tree.set(
      file
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
      md5(await readFile(file)),
    )
  }
  return tree
}

function* oddPaths(longestBytes: number, count: number): Generator<string> {
  yield longPath(longestBytes, 'x')
  yield longPath(longestBytes, 'ü') // the limit is of bytes, not of letters
  let made = 2
  for (let i = 0; made < count; i++) {
    const name = oddNames[i % oddNames.length] ?? ''
    const round = Math.floor(i / oddNames.length)
    // The odd name as a folder, as a file, and in both places.
    yield [`${round}/${name}`, `${name}/${round}`, `${name}/${round} ${name}/${name}`][round % 3] ?? ''
    made++
  }
}

/** A path of exactly so many bytes in folders, since file systems stop at 255 a name. */
function longPath(bytes: number, letter: string): string {
  const width = Buffer.byteLength(letter)
  let path = `long-${letter}`
  for (let left = bytes - Buffer.byteLength(path); left > 0; left = bytes - Buffer.byteLength(path)) {
    const room = Math.min(left - 1, 200)
    path += `/${letter.repeat(Math.floor(room / width))}${'y'.repeat(room % width)}`
    if (left === 202) path += 'z'.repeat(1) // a last name may not be empty
  }
  return path
}

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')
