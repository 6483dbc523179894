import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { silentLog } from '#shared/log.ts'
import { ObjectStore } from '../../../services/localcloud/store/object-store.ts'

/** What a listing should show, by the plainest code: everything in order, then a loop. */
export interface ListModel {
  /** In the order of their UTF-8 bytes. */
  readonly keys: readonly string[]
  /** Objects and common prefixes of a whole listing, in their order. */
  list(prefix: string, delimiter: string, startAfter?: string): string[]
}

/** Folders of very different sizes, and letters of each length in UTF-8 and UTF-16, on both sides of a slash. */
export function manyKeys(count: number): ListModel {
  const letters = ['a', 'Z', '-', '0', '~', ' ', '+', 'ü', '語', '～', '\uE000', '😀', '%2F', '&']
  const keys = Array.from({ length: count }, (_, i) => {
    const letter = letters[i % letters.length] ?? ''
    if (i % 2 === 0) return `jobs/${String(i % 7)}/${letter}${i}` // half of all lie under one folder
    if (i % 3 === 0) return `${letter}${i % 300}/deep${letter}/er-${i}`
    if (i % 5 === 0) return `flat-${letter}-${i}`
    return `media-${i % 1_000}/${letter}/${i}`
  })
  // Beside a folder: what sorts right before it, and right behind it.
  keys[1] = 'jobs'
  keys[3] = 'jobs.'
  keys[5] = 'jobs0'
  const sorted = keys
    .map((key) => Buffer.from(key))
    .sort(Buffer.compare)
    .map(String)
  return {
    keys: sorted,
    list(prefix, delimiter, startAfter = '') {
      const found = new Set<string>()
      for (const key of sorted) {
        if (!key.startsWith(prefix)) continue
        const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
        const shown = end === -1 ? key : key.slice(0, end + delimiter.length)
        if (Buffer.compare(Buffer.from(shown), Buffer.from(startAfter)) > 0) found.add(shown)
      }
      return [...found]
    },
  }
}

/** Puts an object under every key, through the store itself: by HTTP it would take half a minute. */
export async function fillStore(folder: string, bucket: string, keys: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  const store = await ObjectStore.open(folder, silentLog)
  try {
    await store.write({ kind: 'create-bucket', bucket, nowMs: 0 })
    const body = Buffer.from('x')
    const etag = createHash('md5').update(body).digest('hex')
    const shared = { kind: 'put-object', bucket, etag, size: 1, nowMs: 0, condition: {} } as const
    const rest = { headers: {}, checksum: undefined, content: { body } }
    await Promise.all(keys.map((key) => store.write({ ...shared, ...rest, key })))
  } finally {
    await store.close()
  }
}
