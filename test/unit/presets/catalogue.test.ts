import assert from 'node:assert/strict'
import { findPreset, listPresets, presetReference } from '#shared/presets/catalogue.ts'
import { settings } from '#shared/presets/settings.ts'

/**
 * The digest of every version that was ever published. When this fails, a published preset was edited: give the
 * change a new version instead, and add a line here. Lines are never removed or changed.
 */
const published: Readonly<Record<string, string>> = {
  'web-1080p@1': '78293329876f5a46a050371a9bb5593d2356442539a1591f6747508f2b93369d',
  'web-720p@1': 'dc4ac0916c91725fd7c7c35a8355e3d35dabbf8b2f724d69afd89b95676a2f7e',
  'web-480p@1': '0c72da91dd9b31744cd90456e61643bb85360a24932288b62da595dc4586b302',
  'audio-m4a@1': '56be86b8b1d825e6b47f21b0b6bac7338c04c752db45df862c86af4288470044',
  'poster-jpg@1': 'accb4ccf6b30fb2a0235ba84370fb623ceae96292bab3573aec7f2b5d522d746',
}

describe('The catalogue of presets', () => {
  it('never changes what was published', () => {
    const digests = Object.fromEntries(
      listPresets().map((preset) => [presetReference(preset), preset.sha256]),
    )
    assert.deepEqual(digests, published)
  })

  it('finds a preset by name and by version', () => {
    assert.equal(findPreset('web-720p').version, 1)
    assert.equal(findPreset('web-720p@1'), findPreset('web-720p'))
  })

  it('names the presets that exist when one does not', () => {
    for (const name of ['web-721p', 'web-720p@99', 'web-720p@', '', 'web-720p@1x']) {
      assert.throws(() => findPreset(name), { code: 'unknown-preset', message: /web-720p/ })
    }
  })

  it('holds documents that nobody can change', () => {
    const preset = findPreset('web-720p')
    assert.throws(() => Object.assign(preset.settings, { container: 'm4a' }), TypeError)
    assert.throws(() => Object.assign(preset.settings.video ?? {}, { crf: 1 }), TypeError)
  })

  it('has only settings that the schema knows, and bounds on fields that exist', () => {
    for (const preset of listPresets()) {
      assert.deepEqual(settings.parse(preset.settings), preset.settings)
      for (const { field } of preset.bounds)
        assert.match(field, /^(video|audio\[\]|stills)\.\w+$|^onInputDamage$/)
    }
  })
})
