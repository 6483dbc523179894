import { z } from 'zod'
import type { MediaInfo, Stream } from '#shared/jobs/shapes.ts'

/** What ffprobe found, and the languages as the file spells them (`eng`), which MediaInfo turns into BCP 47. */
export interface Probed {
  readonly info: MediaInfo
  /** Stream index -> ISO 639-2 code. */
  readonly languages: ReadonlyMap<number, string>
}

const text = z.string().optional()
const tags = z.record(z.string(), z.string()).optional()

const probeStream = z.object({
  index: z.int(),
  codec_type: text,
  codec_name: text,
  profile: text,
  width: z.int().optional(),
  height: z.int().optional(),
  pix_fmt: text,
  sample_aspect_ratio: text,
  field_order: text,
  color_space: text,
  color_transfer: text,
  color_primaries: text,
  color_range: text,
  avg_frame_rate: text,
  r_frame_rate: text,
  nb_frames: text,
  nb_read_packets: text,
  bit_rate: text,
  start_time: text,
  duration: text,
  channels: z.int().optional(),
  channel_layout: text,
  sample_rate: text,
  disposition: z.record(z.string(), z.number()).optional(),
  side_data_list: z.array(z.looseObject({ rotation: z.number().optional() })).optional(),
  tags,
})
type ProbeStream = z.infer<typeof probeStream>

const probeOutput = z.object({
  streams: z.array(probeStream).default([]),
  format: z
    .object({
      format_name: text,
      size: text,
      start_time: text,
      duration: text,
      bit_rate: text,
    })
    .optional(),
})

/**
 * Turns the JSON of an ffprobe that was asked for {@link probeEntries} into MediaInfo. What ffprobe leaves out or calls
 * N/A is absent. Throws a SyntaxError or ZodError when it is not such JSON.
 */
export function parseProbe(json: string): Probed {
  const { streams, format } = probeOutput.parse(JSON.parse(json))
  const languages = new Map<number, string>()
  for (const { index, tags: found } of streams) {
    const language = tag(found, 'language')
    if (language && /^[a-z]{3}$/.test(language) && language !== 'und') languages.set(index, language)
  }
  return {
    languages,
    info: defined({
      container: format?.format_name ?? 'unknown',
      sizeBytes: number(format?.size) ?? 0,
      startSec: number(format?.start_time),
      durationSec: positive(format?.duration),
      bitrateBps: positive(format?.bit_rate),
      streams: streams.map(toStream),
    }),
  }
}

function toStream(found: ProbeStream): Stream {
  const video = found.codec_type === 'video'
  const indexed =
    number(found.nb_read_packets) ?? number(found.nb_frames) ?? number(tag(found.tags, 'NUMBER_OF_FRAMES'))
  return defined({
    index: found.index,
    type: found.codec_type ?? 'unknown',
    codec: known(found.codec_name),
    profile: known(found.profile),
    width: found.width || undefined,
    height: found.height || undefined,
    rotationDeg: rotation(found),
    pixelFormat: known(found.pix_fmt),
    sampleAspect: aspect(found.sample_aspect_ratio),
    fieldOrder: known(found.field_order),
    colorSpace: known(found.color_space),
    colorTransfer: known(found.color_transfer),
    colorPrimaries: known(found.color_primaries),
    colorRange: known(found.color_range),
    hdr: hdrKinds[found.color_transfer ?? ''],
    frameRate: video ? (rate(found.avg_frame_rate) ?? rate(found.r_frame_rate)) : undefined,
    variableFrameRate: video ? isVariable(found.avg_frame_rate, found.r_frame_rate) || undefined : undefined,
    frameCount: video ? indexed : undefined,
    packetCount: indexed,
    bitrateBps: positive(found.bit_rate),
    startSec: number(found.start_time),
    durationSec: positive(found.duration) ?? clockTime(tag(found.tags, 'DURATION')),
    channels: found.channels || undefined,
    channelLayout: known(found.channel_layout),
    sampleRateHz: positive(found.sample_rate),
    language: bcp47(tag(found.tags, 'language')),
    isDefault: found.disposition?.default === 1 || undefined,
    attachedPicture: found.disposition?.attached_pic === 1 || undefined,
  })
}

const hdrKinds: Readonly<Record<string, string>> = { smpte2084: 'hdr10', 'arib-std-b67': 'hlg' }

/** ffprobe counts anticlockwise from -180 to 180; players are told how far to turn clockwise. */
function rotation(found: ProbeStream): number | undefined {
  const turned = found.side_data_list?.find((data) => data.rotation !== undefined)?.rotation
  if (turned === undefined) return undefined
  const clockwise = ((Math.round(-turned) % 360) + 360) % 360
  return clockwise === 0 ? undefined : clockwise
}

function aspect(ratio: string | undefined): string | undefined {
  const [x, y] = (ratio ?? '').split(':').map(Number)
  return x && y && x !== y ? `${x}/${y}` : undefined
}

function rate(fraction: string | undefined): string | undefined {
  const [over, under] = (fraction ?? '').split('/').map(Number)
  return over && under ? (under === 1 ? `${over}` : `${over}/${under}`) : undefined
}

/** The lowest rate that could hold every timestamp differs from the mean: the frames are not evenly spaced. */
function isVariable(mean: string | undefined, base: string | undefined): boolean {
  const meanFps = fraction(mean)
  const baseFps = fraction(base)
  return meanFps !== undefined && baseFps !== undefined && Math.abs(meanFps / baseFps - 1) > 0.005
}

/** Frames per second of a rate such as "30000/1001". */
export function fraction(value: string | undefined): number | undefined {
  const [over, under = 1] = (value ?? '').split('/').map(Number)
  return over && under ? over / under : undefined
}

const tag = (found: Record<string, string> | undefined, name: string): string | undefined =>
  found?.[name] ?? found?.[name.toLowerCase()] ?? found?.[`${name}-eng`]

function bcp47(language: string | undefined): string | undefined {
  if (!language || language === 'und' || !/^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(language)) return undefined
  return Intl.getCanonicalLocales(language)[0]
}

function clockTime(value: string | undefined): number | undefined {
  const [, hours, minutes, seconds] = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(value ?? '') ?? []
  return hours && minutes && seconds
    ? positive(String(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)))
    : undefined
}

const known = (value: string | undefined): string | undefined =>
  value === undefined || value === 'unknown' || value === 'reserved' || value === 'N/A' ? undefined : value

function number(value: string | undefined): number | undefined {
  const parsed = value === undefined ? Number.NaN : Number(value)
  return Number.isFinite(parsed) ? parsed : undefined
}

function positive(value: string | undefined): number | undefined {
  const parsed = number(value)
  return parsed !== undefined && parsed > 0 ? parsed : undefined
}

/** The same object without the fields that are undefined. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never
}
