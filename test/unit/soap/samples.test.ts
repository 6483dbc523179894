import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { samples } from '../../../services/frontend/soap/reply/samples.ts'

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')

describe('The sample programs for SOAP', () => {
  it('are the same in the README and on the page of the service', () => {
    const programs = samples('http://127.0.0.1:8080/soap').filter(({ shell }) => shell !== undefined)
    assert.equal(programs.length, 3)
    for (const { title, shell, code } of programs) {
      assert.ok(readme.includes(`\`\`\`sh\n${shell}\n\`\`\``), title)
      assert.ok(readme.includes(`\n${code}\n\`\`\``), title)
    }
  })
})
