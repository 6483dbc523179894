import type { ListedObject, ReadStatements } from './read-statements.ts'

export interface ListQuery {
  readonly prefix: string
  /** `''` is none. */
  readonly delimiter: string
  /** Only keys and common prefixes behind this one, in byte order. `''` is from the beginning. */
  readonly after: string
  /** Objects and common prefixes together. */
  readonly limit: number
}

export interface ListResult {
  readonly objects: readonly ListedObject[]
  readonly commonPrefixes: readonly string[]
  /** The last key or common prefix of a page that is not the last: `after` of the next one. */
  readonly next: string | undefined
}

/** Rows are fetched in steps: a listing by delimiter uses one row of each folder and leaps over the rest. */
const FIRST_STEP = 16
const MOST_STEP = 1_024

/**
 * One page of a listing in the order of the keys' UTF-8 bytes. A folder (common prefix) costs one leap in the
 * index, however many keys it holds.
 */
export function listKeys(sql: ReadStatements, bucket: string, query: ListQuery): ListResult {
  const { prefix, delimiter, limit } = query
  const objects: ListedObject[] = []
  const commonPrefixes: string[] = []
  let last = ''
  let position = startOf(query)
  let step = delimiter === '' ? Math.min(limit + 1, MOST_STEP) : FIRST_STEP
  while (position) {
    const rows = sql.keys(bucket, position.key, position.inclusive, step)
    const full = rows.length === step
    position = undefined
    for (const row of rows) {
      if (!row.key.startsWith(prefix)) return { objects, commonPrefixes, next: undefined }
      const folder = folderOf(row.key, prefix, delimiter)
      if (objects.length + commonPrefixes.length >= limit) {
        return { objects, commonPrefixes, next: limit === 0 ? undefined : last }
      }
      if (folder === undefined) {
        objects.push(row)
        last = row.key
        continue
      }
      commonPrefixes.push(folder)
      last = folder
      const behind = successorOf(folder)
      position = behind === undefined ? undefined : { key: behind, inclusive: true }
      step = FIRST_STEP
      if (position === undefined) return { objects, commonPrefixes, next: undefined }
      break
    }
    const end = rows.at(-1)
    if (position === undefined && full && end) {
      position = { key: end.key, inclusive: false }
      step = Math.min(step * 2, MOST_STEP)
    }
  }
  return { objects, commonPrefixes, next: undefined }
}

function startOf({ prefix, delimiter, after }: ListQuery): { key: string; inclusive: boolean } | undefined {
  if (after === '' || Buffer.compare(Buffer.from(after), Buffer.from(prefix)) < 0) {
    return { key: prefix, inclusive: true }
  }
  if (!after.startsWith(prefix)) return undefined // behind everything that has the prefix
  // `after` inside a folder means that the folder has been listed.
  const folder = folderOf(after, prefix, delimiter)
  if (folder === undefined) return { key: after, inclusive: false }
  const behind = successorOf(folder)
  return behind === undefined ? undefined : { key: behind, inclusive: true }
}

/** The common prefix that `key` rolls up into. */
function folderOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') return undefined
  const at = key.indexOf(delimiter, prefix.length)
  return at === -1 ? undefined : key.slice(0, at + delimiter.length)
}

/** The least text that sorts behind every text that begins with `prefix`; `undefined` when there is none. */
export function successorOf(prefix: string): string | undefined {
  const points = [...prefix]
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0
    if (point === 0x10ffff) continue
    // Surrogates are no characters: behind U+D7FF comes U+E000.
    return points.join('') + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1)
  }
  return undefined
}
