import assert from 'node:assert/strict'
import fc from 'fast-check'
import { displaySize, pictureSize } from '../../../services/worker/ffmpeg/picture-size.ts'

const hd = { width: 1280, height: 720 }
const result = (width: number, height: number, settings: Parameters<typeof pictureSize>[1] = hd) => {
  const { result } = pictureSize({ width, height }, settings)
  return `${result.width}x${result.height}`
}

describe('The size of a picture', () => {
  it('fits into the box, which turns with portrait pictures', () => {
    assert.equal(result(1920, 1080), '1280x720')
    assert.equal(result(1080, 1920), '720x1280')
    assert.equal(result(1440, 1080), '960x720')
    assert.equal(result(2560, 1080), '1280x540')
    assert.equal(result(1000, 1000), '720x720')
  })

  it('does not grow unless asked', () => {
    assert.equal(result(640, 360), '640x360')
    assert.equal(result(640, 360, { ...hd, upscale: true }), '1280x720')
  })

  it('is even', () => {
    assert.equal(result(321, 181), '322x182')
    assert.equal(result(1, 1), '2x2')
  })

  it('fills the box by cutting, padding or stretching when asked', () => {
    assert.deepEqual(pictureSize({ width: 1440, height: 1080 }, { ...hd, fit: 'cover' }), {
      scale: { width: 1280, height: 960 },
      crop: { width: 1280, height: 720 },
      result: { width: 1280, height: 720 },
    })
    assert.deepEqual(pictureSize({ width: 1440, height: 1080 }, { ...hd, fit: 'pad' }), {
      scale: { width: 960, height: 720 },
      pad: { width: 1280, height: 720 },
      result: { width: 1280, height: 720 },
    })
    assert.equal(result(1440, 1080, { ...hd, fit: 'stretch' }), '1280x720')
    assert.equal(result(1440, 1080, { ...hd, fit: 'none' }), '1440x1080')
  })

  it('is bound only by the sides that are given', () => {
    assert.equal(result(1920, 1080, { height: 360 }), '640x360')
    assert.equal(result(1920, 1080, { width: 320 }), '320x180')
    assert.equal(result(1920, 1080, {}), '1920x1080')
    for (const fit of ['cover', 'pad', 'stretch'] as const)
      assert.equal(result(1920, 1080, { fit }), '1920x1080')
  })

  it('is as a player shows it: turned, and in square pixels', () => {
    assert.deepEqual(displaySize({ width: 1920, height: 1080, rotationDeg: 90 }), {
      width: 1080,
      height: 1920,
    })
    assert.deepEqual(displaySize({ width: 1920, height: 1080, rotationDeg: 180 }), {
      width: 1920,
      height: 1080,
    })
    assert.deepEqual(displaySize({ width: 720, height: 576, sampleAspect: '16/9' }), {
      width: 1280,
      height: 576,
    })
    assert.deepEqual(displaySize({ width: 720, height: 576, sampleAspect: '16/9', rotationDeg: 270 }), {
      width: 576,
      height: 1280,
    })
  })

  it('is, whatever comes, even, at least 2, within the box and never beyond the input', () => {
    const side = fc.integer({ min: 1, max: 10_000 })
    const fit = fc.constantFrom('contain' as const, 'cover' as const, 'stretch' as const)
    fc.assert(
      fc.property(side, side, side, side, fit, (width, height, boxA, boxB, fit) => {
        const box = { width: Math.max(boxA, 2), height: Math.max(boxB, 2) }
        const { result } = pictureSize({ width, height }, { ...box, fit })
        assert.ok(result.width >= 2 && result.height >= 2)
        assert.ok(result.width % 2 === 0 && result.height % 2 === 0)
        assert.ok(result.width <= Math.max(2, width + 1) && result.height <= Math.max(2, height + 1))
        const [short, long] = [box.width, box.height].toSorted((a, b) => a - b)
        const [s, l] = [result.width, result.height].toSorted((a, b) => a - b)
        assert.ok((s ?? 0) <= (short ?? 0) + 1 && (l ?? 0) <= (long ?? 0) + 1)
      }),
    )
  })
})
