import type { Color } from './color.ts'
import type { ExpectedLength } from './expected-length.ts'
import type { PictureSize } from './picture-size.ts'

/** What is made of an input, down to every size and rate: all that the command line and the checks need to know. */
export interface EncodePlan {
  readonly outputs: readonly PlannedOutput[]
  /** Output beyond this many seconds is cut by ffmpeg, and having been cut is a failure. */
  readonly maxSec: number
}

interface PlannedCommon {
  readonly name: string
  /** Its place in the request: names a folder, since a name may hold anything. */
  readonly index: number
  readonly fileName: string
  readonly contentType: string
  /** How long it must become, as far as the input says. */
  readonly expects?: ExpectedLength
  readonly tolerateDamage: boolean
}

export interface PlannedMovie extends PlannedCommon {
  readonly kind: 'file'
  readonly role: 'main'
  readonly container: 'mp4' | 'm4a'
  readonly video?: PlannedVideo
  readonly audio?: PlannedAudio
}

export interface PlannedStill extends PlannedCommon {
  readonly kind: 'stills'
  readonly role: 'poster'
  readonly stream: number
  readonly size: PictureSize
  readonly toneMapFrom?: string
  readonly assumedMatrix?: string
  readonly deinterlace: boolean
}

export type PlannedOutput = PlannedMovie | PlannedStill

export interface PlannedVideo {
  /** Index of the input's stream. */
  readonly stream: number
  readonly size: PictureSize
  readonly deinterlace: boolean
  /** Present when the input has a high dynamic range, which 8-bit H.264 cannot hold: what its light is coded by. */
  readonly toneMapFrom?: string
  /** Present when the input does not say which matrix its colours are coded by: which one is assumed. */
  readonly assumedMatrix?: string
  readonly color: Color
  /** Frames are thinned out to this rate. */
  readonly capRate?: string
  /** What the output runs at, frames per second; absent when frames are not evenly spaced. */
  readonly frameRate?: string
  readonly profile: string
  readonly level?: string
  readonly effort: 'low' | 'medium' | 'high'
  readonly rate:
    | {
        readonly control: 'crf'
        readonly crf: number
        readonly maxBitrateBps?: number
        readonly bufferBits?: number
      }
    | {
        readonly control: 'average'
        readonly bitrateBps: number
        readonly maxBitrateBps: number
        readonly bufferBits: number
      }
  readonly gopSec: number
  readonly fixedGop: boolean
}

export interface PlannedAudio {
  readonly stream: number
  readonly bitrateBps: number
  readonly sampleRateHz: number
  readonly channels: number
  /** True when the sound begins after the movie: silence is put before it. */
  readonly startsLate: boolean
  /** How long it must become, when the input says so of this stream alone. */
  readonly expects?: ExpectedLength
  /** ISO 639-2, as MP4 spells it. */
  readonly language?: string
}
