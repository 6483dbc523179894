import type { VideoSettings } from '#shared/presets/settings.ts'

export interface Size {
  readonly width: number
  readonly height: number
}

/** How a picture gets to its size: scaled, then cut or given bars. All sizes are even and in square pixels. */
export interface PictureSize {
  readonly scale: Size
  readonly crop?: Size
  readonly pad?: Size
  /** What comes out. */
  readonly result: Size
}

/** A picture as a player shows it: rotated, and with square pixels. Fractional until it is rounded at the end. */
export function displaySize(coded: {
  readonly width: number
  readonly height: number
  readonly rotationDeg?: number | undefined
  readonly sampleAspect?: string | undefined
}): Size {
  const [x = 1, y = 1] = (coded.sampleAspect ?? '1/1').split('/').map(Number)
  const wide = { width: (coded.width * x) / y, height: coded.height }
  // The picture is turned before it is squared, so a quarter turn also turns its pixels: the result is the same.
  return (coded.rotationDeg ?? 0) % 180 === 90 ? { width: wide.height, height: wide.width } : wide
}

/**
 * Fits a picture into the box of `settings`. The box turns with portrait pictures, so that "720p" of a phone's movie
 * is 720 wide; a side that is absent does not bind. Unless `upscale`, no side grows.
 */
export function pictureSize(
  shown: Size,
  settings: Pick<VideoSettings, 'width' | 'height' | 'fit' | 'upscale'>,
): PictureSize {
  const box = turnedBox(shown, settings)
  const fit = settings.fit ?? 'contain'
  const limit = settings.upscale ? Number.POSITIVE_INFINITY : 1
  const ratios = [box.width / shown.width, box.height / shown.height]
  switch (fit) {
    case 'none':
      return plain(even(shown))
    case 'stretch':
      return plain(
        even({
          width: finite(Math.min(box.width, shown.width * limit), shown.width),
          height: finite(Math.min(box.height, shown.height * limit), shown.height),
        }),
      )
    case 'contain':
    case 'pad': {
      const scale = scaled(shown, finite(Math.min(...ratios, limit), 1))
      if (fit === 'contain') return plain(scale)
      const pad = even({ width: finite(box.width, scale.width), height: finite(box.height, scale.height) })
      return same(scale, pad) ? plain(scale) : { scale, pad, result: pad }
    }
    case 'cover': {
      const scale = scaled(shown, Math.min(Math.max(...ratios.map((ratio) => finite(ratio, 0))) || 1, limit))
      const crop = even({
        width: Math.min(scale.width, box.width),
        height: Math.min(scale.height, box.height),
      })
      return same(scale, crop) ? plain(scale) : { scale, crop, result: crop }
    }
    default:
      throw fit satisfies never
  }
}

function turnedBox(
  shown: Size,
  { width, height }: { width?: number | undefined; height?: number | undefined },
): Size {
  const box = { width: width ?? Number.POSITIVE_INFINITY, height: height ?? Number.POSITIVE_INFINITY }
  const boxIsLandscape = box.width >= box.height
  return shown.height > shown.width === boxIsLandscape && width !== undefined && height !== undefined
    ? { width: box.height, height: box.width }
    : box
}

const plain = (size: Size): PictureSize => ({ scale: size, result: size })
const same = (a: Size, b: Size) => a.width === b.width && a.height === b.height
const finite = (value: number, otherwise: number) => (Number.isFinite(value) ? value : otherwise)
const scaled = ({ width, height }: Size, by: number) => even({ width: width * by, height: height * by })

/** 4:2:0 pictures have a chroma sample for every two pixels each way. */
const even = ({ width, height }: Size): Size => ({
  width: Math.max(2, Math.round(width / 2) * 2),
  height: Math.max(2, Math.round(height / 2) * 2),
})
