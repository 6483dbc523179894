import assert from 'node:assert/strict'
import { findPreset } from '#shared/presets/catalogue.ts'
import { resolveSettings } from '#shared/presets/resolve-settings.ts'
import type { Settings } from '#shared/presets/settings.ts'

const web = findPreset('web-720p')
const problems = (overrides: Settings) =>
  resolveSettings(web, overrides, '/outputs/0/overrides').errors.map(
    ({ pointer, code }) => `${code} ${pointer}`,
  )

describe('Overrides of a preset', () => {
  it('leave everything else as the preset has it', () => {
    const { settings, errors } = resolveSettings(web, { video: { crf: 26 } })
    assert.deepEqual(errors, [])
    assert.deepEqual(settings, { ...web.settings, video: { ...web.settings.video, crf: 26 } })
  })

  it('are not needed', () => {
    assert.deepEqual(resolveSettings(web).settings, web.settings)
    assert.deepEqual(resolveSettings(web, {}), { settings: web.settings, errors: [] })
  })

  it('may repeat what the preset says, locked or not', () => {
    assert.deepEqual(problems({ container: 'mp4', video: { codec: 'h264', pixelFormat: 'yuv420p' } }), [])
  })

  it('may not leave the bounds', () => {
    assert.deepEqual(problems({ video: { crf: 15.9 } }), [
      'override-out-of-bounds /outputs/0/overrides/video/crf',
    ])
    assert.deepEqual(problems({ video: { crf: 35.1 } }), [
      'override-out-of-bounds /outputs/0/overrides/video/crf',
    ])
    assert.deepEqual(problems({ video: { crf: 16, gopSec: 10 } }), [])
    assert.deepEqual(problems({ video: { maxFrameRate: '61' } }), [
      'override-out-of-bounds /outputs/0/overrides/video/maxFrameRate',
    ])
    assert.deepEqual(problems({ video: { fixedGop: true }, onInputDamage: 'warn' }), [])
  })

  it('may not touch what has no bound, and every problem is told at once', () => {
    assert.deepEqual(problems({ container: 'm4a', video: { upscale: true, fit: 'pad', width: 4000 } }), [
      'override-out-of-bounds /outputs/0/overrides/container',
      'override-out-of-bounds /outputs/0/overrides/video/width',
      'override-out-of-bounds /outputs/0/overrides/video/fit',
      'override-out-of-bounds /outputs/0/overrides/video/upscale',
    ])
  })

  it('replace a list whole', () => {
    const sound = { codec: 'aac', bitrateBps: 96_000, sampleRateHz: 44_100, channels: 1 } as const
    const { settings, errors } = resolveSettings(web, { audio: [sound] })
    assert.deepEqual(errors, [])
    assert.deepEqual(settings.audio, [sound])
    // Its codec is locked, and a list that leaves it out would change it.
    assert.deepEqual(problems({ audio: [{ bitrateBps: 96_000 }] }), [
      'override-out-of-bounds /outputs/0/overrides/audio/0/codec',
    ])
    assert.deepEqual(problems({ include: ['video'] }), [
      'override-out-of-bounds /outputs/0/overrides/include/1',
    ])
  })

  it('with a problem change nothing', () => {
    assert.deepEqual(resolveSettings(web, { video: { crf: 20, upscale: true } }).settings, web.settings)
  })
})
