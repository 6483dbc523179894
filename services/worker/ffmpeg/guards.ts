import { allowedDecoders, allowedFormats, allowedProtocols } from './allow-lists.ts'
import type { EncodeLimits } from './limits.ts'

/** What every start of ffmpeg on a foreign file carries before its `-i`. */
export const inputGuards = (
  limits: Pick<EncodeLimits, 'maxPixels' | 'maxStreams' | 'maxAllocBytes'>,
): readonly string[] => [
  // One allocation, not the process; the process is bounded by the jail.
  ...['-max_alloc', String(limits.maxAllocBytes)],
  ...openGuards,
  ...['-max_pixels', String(limits.maxPixels)],
  // MP4 refuses to go beyond it, MPEG-TS silently stops there: so one more than allowed, and a count afterwards.
  ...['-max_streams', String(limits.maxStreams + 1)],
]

/** The same for ffprobe, which knows fewer options. */
export const probeGuards = (limits: Pick<EncodeLimits, 'maxPixels' | 'maxStreams'>): readonly string[] => [
  ...openGuards,
  ...['-max_pixels', String(limits.maxPixels)],
  ...['-max_streams', String(limits.maxStreams + 1)],
]

const openGuards: readonly string[] = [
  ...['-protocol_whitelist', allowedProtocols.join(',')],
  ...['-format_whitelist', allowedFormats.join(',')],
  ...['-codec_whitelist', allowedDecoders.join(',')],
]

/** What every output of an encode carries: both of them cut silently, so reaching one is checked for and fails. */
export const outputGuards = (limits: { maxSec: number; maxOutputBytes: number }): readonly string[] => [
  ...['-t', String(limits.maxSec)],
  ...['-fs', String(limits.maxOutputBytes)],
]
