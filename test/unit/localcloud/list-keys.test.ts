import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { applyWrite } from '../../../services/localcloud/store/apply-write.ts'
import { type ListQuery, listKeys, successorOf } from '../../../services/localcloud/store/list-keys.ts'
import { prepareReads } from '../../../services/localcloud/store/read-statements.ts'
import { prepareDatabase } from '../../../services/localcloud/store/schema.ts'
import { prepareWrites } from '../../../services/localcloud/store/write-statements.ts'

const bytewise = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** What S3's documentation says of a listing, without any cleverness. */
function naive(keys: readonly string[], { prefix, delimiter, after, limit }: ListQuery) {
  const entries = new Map<string, boolean>()
  for (const key of keys.toSorted(bytewise)) {
    if (!key.startsWith(prefix)) continue
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    entries.set(at === -1 ? key : key.slice(0, at + delimiter.length), at !== -1)
  }
  const behind = [...entries].filter(
    ([name, folder]) => bytewise(name, after) > 0 && !(folder && after.startsWith(name)),
  )
  const page = behind.slice(0, limit)
  return {
    keys: page.flatMap(([name, folder]) => (folder ? [] : [name])),
    folders: page.flatMap(([name, folder]) => (folder ? [name] : [])),
    next: behind.length > page.length && limit > 0 ? page.at(-1)?.[0] : undefined,
  }
}

function storeOf(keys: readonly string[]) {
  const database = new DatabaseSync(':memory:')
  prepareDatabase(database)
  const writes = prepareWrites(database)
  applyWrite(writes, { kind: 'create-bucket', bucket: 'b', nowMs: 0 })
  for (const key of keys) {
    applyWrite(writes, {
      kind: 'put-object',
      bucket: 'b',
      key,
      etag: 'e',
      size: 0,
      nowMs: 0,
      headers: {},
      checksum: undefined,
      content: { body: new Uint8Array() },
      condition: {},
    })
  }
  const reads = prepareReads(database)
  return (query: ListQuery) => {
    const { objects, commonPrefixes, next } = listKeys(reads, 'b', query)
    return { keys: objects.map(({ key }) => key), folders: [...commonPrefixes], next }
  }
}

const letters = fc.constantFrom('a', 'b', '/', '0', 'é', '\uFFFD', '\u{1F600}', '\u{10FFFF}', '\uD7FF', ' ')
const text = (maxLength: number, minLength = 0) =>
  fc.array(letters, { minLength, maxLength }).map((chars) => chars.join(''))

describe('listing keys', () => {
  it('gives what a plain reading of the documentation gives, for any keys and any query', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(text(6, 1), { maxLength: 60 }),
        fc.array(
          fc.record({
            prefix: text(2),
            delimiter: fc.constantFrom('', '/', '/', 'a', '\u{10FFFF}', 'a/'),
            after: text(3),
            limit: fc.integer({ min: 0, max: 12 }),
          }),
          { minLength: 1, maxLength: 20 },
        ),
        (keys, queries) => {
          const list = storeOf(keys)
          for (const query of queries) assert.deepEqual(list(query), naive(keys, query))
        },
      ),
      { numRuns: 100 },
    )
  })

  it('visits every key once when it is read page by page', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(text(5, 1), { maxLength: 50 }),
        fc.constantFrom('', '/'),
        fc.integer({ min: 1, max: 7 }),
        (keys, delimiter, limit) => {
          const list = storeOf(keys)
          const seen: string[] = []
          for (let after: string | undefined = ''; after !== undefined; ) {
            const page = list({ prefix: '', delimiter, after, limit })
            seen.push(...page.keys, ...page.folders)
            after = page.next
          }
          const all = naive(keys, { prefix: '', delimiter, after: '', limit: 1000 })
          assert.deepEqual(seen.toSorted(bytewise), [...all.keys, ...all.folders].toSorted(bytewise))
        },
      ),
      { numRuns: 100 },
    )
  })

  it('knows the least text behind a prefix', () => {
    assert.equal(successorOf('a/'), 'a0')
    assert.equal(successorOf('\uD7FF'), '\uE000')
    assert.equal(successorOf('a\u{10FFFF}'), 'b')
    assert.equal(successorOf('\u{10FFFF}'), undefined)
  })
})
