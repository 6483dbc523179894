import { ReelmillError } from '#shared/errors.ts'
import type { MediaInfo, Stream } from '#shared/jobs/shapes.ts'
import type { Settings } from '#shared/presets/settings.ts'
import { assumedMatrix, bt709, colorOf } from './color.ts'
import type { EncodePlan, PlannedAudio, PlannedMovie, PlannedStill, PlannedVideo } from './encode-plan.ts'
import { type ExpectedLength, expectedLength } from './expected-length.ts'
import type { EncodeLimits } from './limits.ts'
import { fraction, type Probed } from './parse-probe.ts'
import { displaySize, pictureSize } from './picture-size.ts'

export interface WantedOutput {
  readonly name: string
  readonly kind: string
  readonly settings: Settings
}

/**
 * Decides what is made of an input: pure. Throws `input-no-video` or `input-no-audio` when an output needs what the
 * input does not have, `input-no-duration` for a single frame without length.
 */
export function planEncode(
  probed: Probed,
  outputs: readonly WantedOutput[],
  limits: Pick<EncodeLimits, 'maxDurationSec'>,
): EncodePlan {
  const { info } = probed
  return {
    outputs: outputs.map((output, index) =>
      output.kind === 'stills' ? planStill(probed, output, index) : planMovie(probed, output, index),
    ),
    // A gap in the timestamps can make an output a thousand times as long as its input claims to be.
    maxSec: Math.min(limits.maxDurationSec, Math.ceil(2 * (info.durationSec ?? limits.maxDurationSec)) + 60),
  }
}

function planMovie(probed: Probed, output: WantedOutput, index: number): PlannedMovie {
  const { settings } = output
  const container = settings.container ?? 'mp4'
  const include = settings.include?.length ? settings.include : ['video', 'audio']
  const video = include.includes('video') ? pickVideo(probed.info) : undefined
  const audio = include.includes('audio') ? pickAudio(probed.info) : undefined
  if (include.includes('video') && !video) throw noVideo(output.name)
  if (!video && !audio) {
    throw new ReelmillError(
      'input-no-audio',
      `The output ${output.name} is sound, and the input has none. Use a video preset, or an input with sound.`,
    )
  }
  return {
    kind: 'file',
    role: 'main',
    ...common(
      output,
      index,
      container,
      expectedLength(
        probed.info,
        [video, audio].filter((s) => s !== undefined),
      ),
    ),
    container,
    ...(video && { video: planVideo(video, settings) }),
    ...(audio && { audio: planAudio(audio, settings, probed) }),
  }
}

function planStill(probed: Probed, output: WantedOutput, index: number): PlannedStill {
  const { settings } = output
  const video = pickVideo(probed.info)
  if (!video) throw noVideo(output.name)
  const { width, height } = settings.stills ?? {}
  return {
    kind: 'stills',
    role: 'poster',
    ...common(output, index, 'jpg', undefined),
    stream: video.index,
    size: pictureSize(sizeOf(video), { width, height }),
    deinterlace: isInterlaced(video),
    ...light(video),
  }
}

function common(output: WantedOutput, index: number, extension: string, expects: ExpectedLength | undefined) {
  return {
    name: output.name,
    index,
    fileName: `${output.name.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '') || 'output'}.${extension}`,
    contentType: contentTypes[extension] ?? 'application/octet-stream',
    ...(expects && { expects }),
    tolerateDamage: output.settings.onInputDamage === 'warn',
  }
}

const contentTypes: Readonly<Record<string, string>> = {
  mp4: 'video/mp4',
  m4a: 'audio/mp4',
  jpg: 'image/jpeg',
}

function planVideo(stream: Stream, settings: Settings): PlannedVideo {
  const video = settings.video ?? {}
  const inputFps = fraction(stream.frameRate)
  const capFps = fraction(video.maxFrameRate)
  const capped = capFps !== undefined && inputFps !== undefined && inputFps > capFps * 1.001
  const frameRate = capped ? video.maxFrameRate : stream.variableFrameRate ? undefined : stream.frameRate
  const toSdr = stream.hdr !== undefined
  return {
    stream: stream.index,
    size: pictureSize(sizeOf(stream), video),
    deinterlace: isInterlaced(stream),
    ...light(stream),
    color: toSdr ? bt709 : colorOf(stream),
    ...(capped && video.maxFrameRate && { capRate: video.maxFrameRate }),
    ...(frameRate && { frameRate }),
    profile: video.profile ?? 'high',
    ...(video.level && { level: video.level }),
    effort: video.effort ?? 'medium',
    rate: planRate(video),
    gopSec: video.gopSec ?? 2,
    fixedGop: video.fixedGop ?? false,
  }
}

/** What the filters need to know of how the input's light and colours are coded. */
function light(stream: Stream): { readonly toneMapFrom?: string; readonly assumedMatrix?: string } {
  if (stream.hdr && stream.colorTransfer) return { toneMapFrom: stream.colorTransfer }
  const matrix = assumedMatrix(stream)
  return matrix === undefined ? {} : { assumedMatrix: matrix }
}

function planRate(video: NonNullable<Settings['video']>): PlannedVideo['rate'] {
  if (video.rateControl === 'average') {
    const bitrateBps = video.bitrateBps ?? video.maxBitrateBps ?? 2_000_000
    const maxBitrateBps = video.maxBitrateBps ?? Math.round(bitrateBps * 1.5)
    return {
      control: 'average',
      bitrateBps,
      maxBitrateBps,
      bufferBits: video.bufferBits ?? 2 * maxBitrateBps,
    }
  }
  const { maxBitrateBps } = video
  return {
    control: 'crf',
    crf: video.crf ?? 23,
    ...(maxBitrateBps !== undefined && { maxBitrateBps, bufferBits: video.bufferBits ?? 2 * maxBitrateBps }),
  }
}

function planAudio(stream: Stream, settings: Settings, { info, languages }: Probed): PlannedAudio {
  const audio = settings.audio?.[0] ?? {}
  const language = languages.get(stream.index)
  const expects = stream.durationSec === undefined ? undefined : expectedLength(info, [stream])
  const channels = Math.min(stream.channels ?? 2, audio.channels ?? 2)
  return {
    stream: stream.index,
    channels,
    sampleRateHz: audio.sampleRateHz ?? 48_000,
    // The setting is meant for as many channels as may be; a mono source needs half of what stereo does.
    bitrateBps: Math.round(
      audio.bitrateBps === undefined
        ? 64_000 * channels
        : channels === 1 && (audio.channels ?? 2) > 1
          ? audio.bitrateBps / 2
          : audio.bitrateBps,
    ),
    startsLate: (stream.startSec ?? 0) - (info.startSec ?? 0) > LATE_SEC,
    ...(expects && { expects }),
    ...(language && { language }),
  }
}

/** Nobody hears less, and priming samples come to less. */
const LATE_SEC = 0.04

const pickVideo = (info: MediaInfo): Stream | undefined =>
  preferred(
    info.streams.filter((stream) => stream.type === 'video' && !stream.attachedPicture && stream.width),
  )

const pickAudio = (info: MediaInfo): Stream | undefined =>
  preferred(info.streams.filter((stream) => stream.type === 'audio' && stream.channels))

/** The one that the file marks as default, else its first. */
const preferred = (streams: readonly Stream[]): Stream | undefined =>
  streams.find((stream) => stream.isDefault) ?? streams[0]

const sizeOf = (stream: Stream) =>
  displaySize({ ...stream, width: stream.width ?? 2, height: stream.height ?? 2 })

/** Fields are marked in the stream; MPEG-2, DV and VC-1 often do not say, and then each frame does. */
const isInterlaced = ({ fieldOrder, codec = '' }: Stream): boolean =>
  fieldOrder === undefined ? ['mpeg2video', 'dvvideo', 'vc1'].includes(codec) : fieldOrder !== 'progressive'

const noVideo = (name: string) =>
  new ReelmillError(
    'input-no-video',
    `The output ${name} needs a picture, and the input has none. Use an audio preset, or an input with video.`,
  )
