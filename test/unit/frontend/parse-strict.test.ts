import assert from 'node:assert/strict'
import { z } from 'zod'
import type { ReelmillError } from '#shared/errors.ts'
import { parseStrict, pointerOf } from '../../../services/frontend/shapes/parse-strict.ts'

describe('strict reading', () => {
  const schema = z.strictObject({
    name: z.string(),
    size: z.number().optional(),
    inner: z
      .strictObject({ list: z.array(z.strictObject({ x: z.number().optional() })).optional() })
      .optional(),
    kind: z.enum(['file']).optional(),
  })
  const reserved = { fields: ['later', 'inner.list[].y'], values: { kind: ['adaptive'] } }
  const failure = (value: unknown): ReelmillError => {
    try {
      parseStrict(schema, value, reserved)
    } catch (error) {
      return error as ReelmillError
    }
    throw new Error('it was taken')
  }
  const problems = (value: unknown) => failure(value).errors.map(({ pointer, code }) => `${pointer} ${code}`)

  it('takes what is right, and null and empty lists as absent', () => {
    assert.deepEqual(parseStrict(schema, { name: 'a', size: null, inner: { list: [] } }, reserved), {
      name: 'a',
      inner: {},
    })
    assert.deepEqual(parseStrict(schema, { name: 'a', later: null }, reserved), { name: 'a' })
  })

  it('refuses an unknown name even when its value means absent', () => {
    assert.deepEqual(problems({ name: 'a', nome: null }), ['/nome unknown-field'])
    assert.deepEqual(problems({ name: 'a', toString: 1 }), ['/toString unknown-field'])
    assert.deepEqual(problems({ name: 'a', constructor: null }), ['/constructor unknown-field'])
  })

  it('tells reserved names and values from mistakes, at any depth', () => {
    assert.deepEqual(problems({ name: 'a', later: 1 }), ['/later not-supported'])
    assert.deepEqual(problems({ name: 'a', inner: { list: [{}, { y: 1 }] } }), [
      '/inner/list/1/y not-supported',
    ])
    assert.deepEqual(problems({ name: 'a', kind: 'adaptive' }), ['/kind not-supported'])
    assert.deepEqual(problems({ name: 'a', kind: 'other' }), ['/kind invalid-request'])
  })

  it('says all that is wrong at once, and leads with the gravest', () => {
    const error = failure({ size: 'big', later: 1, nome: 2 })
    assert.equal(error.code, 'unknown-field')
    assert.equal(
      error.message,
      '/nome: does not exist. Did you mean name? There are name, size, inner, kind (and 3 more, see errors).',
    )
    assert.deepEqual(error.errors.map(({ pointer }) => pointer).sort(), ['/later', '/name', '/nome', '/size'])
    assert.equal(failure({ size: 'big', later: 1 }).code, 'invalid-request')
    assert.equal(failure({ name: 'a', later: 1 }).code, 'not-supported')
  })

  it('names the field that was meant, and all that there are', () => {
    const message = (value: unknown) => failure(value).errors[0]?.message
    for (const [sent, meant] of [
      ['Name', 'name'],
      ['nmae', 'name'],
      ['si-ze', 'size'],
      ['iner', 'inner'],
      ['list', 'inner.list'],
      ['x', 'inner.list[].x'],
    ] as const) {
      const all = 'There are name, size, inner, kind'
      assert.equal(message({ name: 'a', [sent]: 1 }), `does not exist. Did you mean ${meant}? ${all}`)
    }
    for (const far of ['priority', 'names-of-all', 'n'.repeat(100_000), '']) {
      assert.equal(
        message({ name: 'a', [far]: 1 }),
        'does not exist; there are name, size, inner, kind',
        far.slice(0, 20),
      )
    }
    assert.equal(message({ name: 'a', inner: { list: [{ z: 1 }] } }), 'does not exist; there is x')
    assert.throws(() => parseStrict(z.strictObject({}), { a: 1 }), /does not exist; nothing may stand here/)
  })

  it('says what was sent and what it must be, in words of its own', () => {
    const words = z.strictObject({
      text: z.string().min(1).max(3).optional(),
      whole: z.int().min(2).max(8).optional(),
      share: z.number().gt(0).lt(1).optional(),
      yes: z.boolean().optional(),
      list: z.array(z.string()).min(2).max(3).optional(),
      map: z.record(z.string().regex(/^[a-z]$/, 'keys are a to z'), z.string()).optional(),
      one: z.enum(['a', 'b', 'c']).optional(),
      only: z.literal(['a']).optional(),
      form: z.string().regex(/^x$/).optional(),
      own: z.string().regex(/^x$/, 'must be x').optional(),
    })
    const said = (value: object) => {
      try {
        parseStrict(words, value)
      } catch (error) {
        return (error as ReelmillError).errors.map(({ message }) => message).join('; ')
      }
      throw new Error('it was taken')
    }
    const cases: [object, string][] = [
      [{ text: 7 }, 'must be text, not 7'],
      [{ text: '' }, 'must not be empty'],
      [{ text: 'four' }, 'must have at most 3 letters, not 4'],
      [{ whole: 2.5 }, 'must be a whole number, not 2.5'],
      [{ whole: '3' }, 'must be a number, not "3"'],
      [{ whole: 1 }, 'must be at least 2'],
      [{ whole: 9 }, 'must be at most 8'],
      [{ share: 0 }, 'must be more than 0'],
      [{ share: 1 }, 'must be less than 1'],
      [{ yes: 'true' }, 'must be true or false, not "true"'],
      [{ list: 'a' }, 'must be a list, not "a"'],
      [{ list: ['a'] }, 'must hold at least 2'],
      [{ list: ['a', 'b', 'c', 'd'] }, 'must hold at most 3, not 4'],
      [{ map: [1] }, 'must be an object, not a list'],
      [{ map: { A: 'a' } }, 'keys are a to z'],
      [{ map: { a: { b: 1 } } }, 'must be text, not an object'],
      [{ one: 'd' }, 'must be one of a, b, c, not "d"'],
      [{ one: 'e'.repeat(100) }, `must be one of a, b, c, not "${'e'.repeat(39)}..."`],
      [{ only: true }, 'must be a, not true'],
      [{ form: 'y' }, 'is not of the form that it must have'],
      [{ own: 'y' }, 'must be x'],
    ]
    for (const [value, sentence] of cases) assert.equal(said(value), sentence, JSON.stringify(value))
    assert.throws(() => parseStrict(words, []), /^ReelmillError: The body: must be an object, not a list\.$/)
  })

  it('says of what must be there how it came, and what is wanted', () => {
    const wanted = z.strictObject({
      outputs: z.array(z.string()).min(1).describe('What is to come out, such as ["web"]'),
      plain: z.string(),
    })
    const said = (value: object) => {
      try {
        parseStrict(wanted, value)
      } catch (error) {
        return (error as ReelmillError).errors[0]?.message
      }
      throw new Error('it was taken')
    }
    const hint = 'It must be there: what is to come out, such as ["web"]'
    assert.equal(said({ plain: 'a' }), `is missing. ${hint}`)
    assert.equal(said({ plain: 'a', outputs: [] }), `is an empty list. ${hint}`)
    assert.equal(said({ plain: 'a', outputs: null }), `is null. ${hint}`)
    assert.equal(said({ outputs: ['web'] }), 'is missing')
  })

  it('takes no longer for a megabyte of mistakes than the frontend can spare', () => {
    const map = z.strictObject({ metadata: z.record(z.string(), z.string()).optional() })
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`key${n}`, n]))
    for (const [value, code, last] of [
      [{ metadata: many }, 'invalid-request', 'must be text, not 19999'],
      [many, 'unknown-field', 'does not exist'],
    ] as const) {
      const before = process.cpuUsage()
      assert.throws(
        () => parseStrict(map, value),
        ({ code: said, errors }: ReelmillError) =>
          said === code && errors.length === 20_000 && errors.at(-1)?.message === last,
      )
      const { user, system } = process.cpuUsage(before)
      assert.ok(user + system < 2_000_000, `${(user + system) / 1e6} s`)
    }
  })

  it('points as RFC 6901 says', () => {
    assert.equal(pointerOf(['a/b', 0, 'm~n']), '/a~1b/0/m~0n')
    assert.equal(pointerOf([]), '')
  })
})
