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
    assert.match(error.message, /^\/nome: does not exist \(and 3 more, see errors\)\.$/)
    assert.deepEqual(error.errors.map(({ pointer }) => pointer).sort(), ['/later', '/name', '/nome', '/size'])
    assert.equal(failure({ size: 'big', later: 1 }).code, 'invalid-request')
    assert.equal(failure({ name: 'a', later: 1 }).code, 'not-supported')
  })

  it('points as RFC 6901 says', () => {
    assert.equal(pointerOf(['a/b', 0, 'm~n']), '/a~1b/0/m~0n')
    assert.equal(pointerOf([]), '')
  })
})
