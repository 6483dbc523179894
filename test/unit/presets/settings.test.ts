import assert from 'node:assert/strict'
import { reservedSettings, reservedValues } from '#shared/presets/reserved-settings.ts'
import { settings } from '#shared/presets/settings.ts'

/** Puts `value` at a field as reserved-settings.ts spells it. */
const at = (field: string, value: unknown): unknown => {
  const [first = '', ...rest] = field.split('.')
  const inner = rest.length > 0 ? at(rest.join('.'), value) : value
  return first.endsWith('[]') ? { [first.slice(0, -2)]: [inner] } : { [first]: inner }
}

describe('The schema of settings', () => {
  it('refuses unknown fields at every depth', () => {
    for (const value of [
      { vidoe: {} },
      { video: { crff: 1 } },
      { audio: [{ code: 'aac' }] },
      { stills: { n: 1 } },
    ]) {
      assert.equal(settings.safeParse(value).success, false, JSON.stringify(value))
    }
  })

  it('does not know any field or value that is reserved', () => {
    for (const field of reservedSettings)
      assert.equal(settings.safeParse(at(field, {})).success, false, field)
    for (const [field, values] of Object.entries(reservedValues)) {
      for (const value of values) {
        assert.equal(settings.safeParse(at(field, value)).success, false, `${field}: ${value}`)
      }
    }
  })
})
