import type { Stream } from '#shared/jobs/shapes.ts'

/** How the colours of an output are to be read, in ffmpeg's names. Always said: players guess differently. */
export interface Color {
  readonly matrix: string
  readonly primaries: string
  readonly transfer: string
}

export const bt709: Color = { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' }

/** What the file says, else what players assume of pictures of that size (ITU-R BT.601 below 720 lines). */
export function colorOf(stream: Stream): Color {
  const { height = 0, width = 0, colorSpace, colorPrimaries, colorTransfer } = stream
  const is709 = Math.min(width, height) >= 720 || Math.max(width, height) >= 1280
  const pal = height === 576 || height === 288
  const guess: Color = is709
    ? bt709
    : pal
      ? { matrix: 'bt470bg', primaries: 'bt470bg', transfer: 'smpte170m' }
      : { matrix: 'smpte170m', primaries: 'smpte170m', transfer: 'smpte170m' }
  return {
    // RGB becomes YUV on the way, by the matrix that fits its size.
    matrix: colorSpace === undefined || colorSpace === 'gbr' ? guess.matrix : colorSpace,
    primaries: colorPrimaries ?? guess.primaries,
    transfer: colorTransfer ?? guess.transfer,
  }
}

/** The matrix that the pictures are taken to be in where the file does not say. ffmpeg would take all for BT.601. */
export const assumedMatrix = (stream: Stream): string | undefined =>
  stream.colorSpace === undefined ? colorOf(stream).matrix : undefined
