import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { after, before, describe, it } from 'mocha'
import { applyWrite } from '../../../services/localcloud/store/apply-write.ts'
import { type ListQuery, listKeys, successorOf } from '../../../services/localcloud/store/list-keys.ts'
import { prepareReads, type ReadStatements } from '../../../services/localcloud/store/read-statements.ts'
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
  return database
}

function listerOf(keys: readonly string[]) {
  const reads = prepareReads(storeOf(keys))
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
          const list = listerOf(keys)
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
          const list = listerOf(keys)
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

  describe('of which there are many', () => {
    const KEYS = 20_000
    // Half of them in seven folders of one folder.
    const keys = Array.from({ length: KEYS }, (_, i) =>
      i % 2 === 0 ? `jobs/${i % 7}/${i}` : `media-${i}`,
    ).sort()
    const asked: string[] = []
    let database: DatabaseSync
    let reads: ReadStatements
    before(() => {
      database = storeOf(keys)
      const prepare = (sql: string) => {
        asked.push(sql)
        return database.prepare(sql)
      }
      reads = prepareReads({ prepare } as DatabaseSync)
    })
    after(() => database?.close())

    /** What a listing asks of the database: how often, and how many rows come of it in all. */
    const costOf = (query: Partial<ListQuery>) => {
      const cost = { statements: 0, rows: 0 }
      const counting: ReadStatements = {
        ...reads,
        keys(...args) {
          const rows = reads.keys(...args)
          cost.statements += 1
          cost.rows += rows.length
          return rows
        },
      }
      const list = listKeys(counting, 'b', { prefix: '', delimiter: '', after: '', limit: 1_000, ...query })
      return { ...cost, shown: list.objects.length + list.commonPrefixes.length }
    }

    it('reads for its last page what it reads for its first: the rows of the page', () => {
      assert.deepEqual(costOf({}), { statements: 1, rows: 1_001, shown: 1_000 })
      const last = keys.at(-1_001) ?? ''
      assert.deepEqual(costOf({ after: last }), { statements: 1, rows: 1_000, shown: 1_000 })
    })

    it('reads a few rows of a folder, however many it holds', () => {
      const { statements, rows, shown } = costOf({ prefix: 'jobs/', delimiter: '/' })
      assert.equal(shown, 7)
      // One for each folder, and one that finds what is behind the last.
      assert.equal(statements, 8)
      assert.ok(rows <= 8 * 16, `${rows} of ${KEYS / 2} rows`)
    })

    it('lets the database begin where the page does, and come by each row in order', () => {
      const listings = asked.filter((sql) => /FROM objects .*ORDER BY key LIMIT/.test(sql))
      assert.equal(listings.length, 2)
      for (const sql of listings) {
        const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all('b', 'jobs/', 16)
        assert.deepEqual(
          plan.map(({ detail }) => detail),
          ['SEARCH objects USING INDEX sqlite_autoindex_objects_1 (bucket=? AND key>?)'],
        )
      }
    })
  })

  it('knows the least text behind a prefix', () => {
    assert.equal(successorOf('a/'), 'a0')
    assert.equal(successorOf('\uD7FF'), '\uE000')
    assert.equal(successorOf('a\u{10FFFF}'), 'b')
    assert.equal(successorOf('\u{10FFFF}'), undefined)
  })
})
