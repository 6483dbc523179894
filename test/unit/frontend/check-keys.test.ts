import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { ReelmillError } from '#shared/errors.ts'
import { checkKeys } from '../../../services/frontend/rest/check-keys.ts'

describe('the names in a JSON text', () => {
  const failure = (text: string, prefix?: readonly string[]): string | undefined => {
    try {
      checkKeys(text, prefix)
      return undefined
    } catch (error) {
      const [first] = (error as ReelmillError).errors
      return `${first?.pointer} ${first?.code}`
    }
  }

  it('may repeat in different objects, as values, and inside of texts', () => {
    for (const text of [
      '{}',
      '[]',
      '"a"',
      '7',
      ' { "a" : { "a" : [ { "a" : 1 } , { "a" : 2 } ] } , "b" : "a" } ',
      '{"a":"\\"a\\":1,\\"a\\"","b":"{\\"b\\":1}"}',
      '{"a\\\\":1,"a":2,"\\"":3}',
      '{"a":["a","a","a"],"A":1,"":2}',
      '{"a":{},"b":[],"c":[{},{}],"d":{"a":{}}}',
    ]) {
      JSON.parse(text)
      assert.equal(failure(text), undefined, text)
    }
  })

  it('are refused when one object has one twice, however it is spelled and whatever is between', () => {
    for (const [text, pointer] of [
      ['{"a":1,"a":1}', '/a'],
      ['{"a":1,"\\u0061":1}', '/a'],
      ['{"":1,"":2}', '/'],
      ['{"a":{"b":[1,{"c":1,"d":{},"c":2}]}}', '/a/b/1/c'],
      ['{"a":[[],[[{"x/y":1,"x/y":1}]]]}', '/a/1/0/0/x~1y'],
      ['{"a":{"a":1},"b":"a","a":[]}', '/a'],
      ['[{"a":1},{"a":1,"b":{"a":1},"a":1}]', '/1/a'],
    ] as const) {
      assert.equal(failure(text), `${pointer} invalid-request`, text)
    }
    assert.equal(failure('{"a":1,"a":1}', ['metadata']), '/metadata/a invalid-request')
  })

  it('are never that of the prototype, and are not nested without end', () => {
    assert.equal(failure('{"a":[{"__proto__":{}}]}'), '/a/0/__proto__ unknown-field')
    assert.equal(failure('{"__pr\\u006fto__":{}}'), '/__proto__ unknown-field')
    assert.equal(failure('["__proto__"]'), undefined)
    assert.equal(failure('['.repeat(100) + ']'.repeat(100)), undefined)
    assert.match(failure('['.repeat(101) + ']'.repeat(101)) ?? '', /invalid-request$/)
    assert.match(failure(`${'{"a":'.repeat(101)}1${'}'.repeat(101)}`) ?? '', /invalid-request$/)
  })

  it('are found as a parser finds them that keeps all, in any text', () => {
    // What is written down twice here is what JSON.parse would lose.
    type Tree = null | boolean | number | string | Tree[] | { readonly entries: [string, Tree][] }
    const name = fc.oneof(
      fc.constantFrom('a', 'b', '"', '\\', 'a\\"', 'é', '\u2028'),
      fc.string({ maxLength: 3 }),
    )
    const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), name),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.array(fc.tuple(name, tie('tree')), { maxLength: 4 }).map((entries) => ({ entries })),
      ),
    }))
    const write = (value: Tree, space: string): string => {
      if (Array.isArray(value))
        return `[${space}${value.map((each) => write(each, space)).join(`,${space}`)}]`
      if (typeof value !== 'object' || value === null) return JSON.stringify(value)
      const entries = value.entries.map(
        ([key, each]) => `${JSON.stringify(key)}${space}:${write(each, space)}`,
      )
      return `{${entries.join(`${space},`)}${space}}`
    }
    const repeats = (value: Tree): boolean => {
      if (Array.isArray(value)) return value.some(repeats)
      if (typeof value !== 'object' || value === null) return false
      const names = value.entries.map(([key]) => key)
      return new Set(names).size < names.length || value.entries.some(([, each]) => repeats(each))
    }
    let refused = 0
    fc.assert(
      fc.property(tree, fc.constantFrom('', ' ', '\n\t'), (value, space) => {
        const text = write(value, space)
        JSON.parse(text)
        const found = failure(text)?.endsWith('invalid-request') ?? false
        if (found) refused++
        assert.equal(found, repeats(value), text)
      }),
      { numRuns: 3_000 },
    )
    assert.ok(refused > 100, `only ${refused} of the texts had a name twice`)
  })
})
