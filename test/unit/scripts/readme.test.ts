import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { configurationTable, currentTable } from '../../../scripts/configuration-table.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const readme = readFileSync(path.join(root, 'README.md'), 'utf8')

describe('the README', () => {
  it("has the table of every environment variable that the services' schemas have", async () => {
    assert.equal(
      currentTable(readme),
      await configurationTable(),
      'run `npm run docs:configuration` and commit the README',
    )
  })

  it('links only to what is there', () => {
    const targets = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target = '']) => target)
    assert.ok(targets.length > 5)
    assert.deepEqual(
      targets.filter((target) => !existsSync(path.join(root, target))),
      [],
    )
  })

  it('names only commands that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
    const named = [...readme.matchAll(/npm (?:run ([\w:-]+)|(test|start))/g)].map(([, a, b]) => a ?? b ?? '')
    assert.deepEqual(
      named.filter((name) => !(name in scripts)),
      [],
    )
  })
})
