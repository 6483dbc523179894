import { ReelmillError } from '#shared/errors.ts'
import { type Bound, definePreset, type Preset } from '#shared/presets/preset.ts'

/** All presets, newest version of each name first. They live in code: they are part of a release. */
export const listPresets = (): readonly Preset[] => catalogue

/**
 * Finds a preset by `name` (its newest version that is not deprecated, else its newest) or `name@version`.
 * Throws `unknown-preset`.
 */
export function findPreset(nameAtVersion: string): Preset {
  const [name, version] = nameAtVersion.split('@')
  const versions = catalogue.filter((preset) => preset.name === name)
  const found =
    version === undefined
      ? (versions.find(({ deprecatedAt }) => deprecatedAt === undefined) ?? versions[0])
      : versions.find((preset) => String(preset.version) === version)
  if (found) return found
  throw new ReelmillError(
    'unknown-preset',
    `There is no preset ${nameAtVersion}. There are: ${[...new Set(catalogue.map((preset) => preset.name))].join(', ')}.`,
    { facts: { preset: nameAtVersion } },
  )
}

/** How a preset is named in records and answers. */
export const presetReference = ({ name, version }: Preset): string => `${name}@${version}`

const damageBound: Bound = { field: 'onInputDamage', allowed: ['fail', 'warn'] }

const audioBounds: readonly Bound[] = [
  { field: 'audio[].bitrateBps', min: 32_000, max: 320_000 },
  { field: 'audio[].channels', min: 1, max: 2 },
  { field: 'audio[].sampleRateHz', allowed: ['44100', '48000'] },
]

/** H.264 and AAC in MP4, as every browser, phone and television of the last decade plays it. */
function webPreset(lines: {
  readonly height: number
  readonly width: number
  readonly crf: number
  readonly maxBitrateBps: number
  readonly audioBitrateBps: number
}): Preset {
  const { height, width, crf, maxBitrateBps, audioBitrateBps } = lines
  return definePreset({
    name: `web-${height}p`,
    version: 1,
    kind: 'file',
    title: `Web, ${height}p`,
    description: `MP4 with H.264 and AAC for the web: at most ${width} x ${height} (${height} x ${width} for portrait), never larger than the input, starts playing before it is loaded, constant quality below ${maxBitrateBps / 1e6} Mbit/s.`,
    settings: {
      container: 'mp4',
      include: ['video', 'audio'],
      video: {
        codec: 'h264',
        profile: 'high',
        width,
        height,
        fit: 'contain',
        upscale: false,
        maxFrameRate: '60',
        rateControl: 'crf',
        crf,
        maxBitrateBps,
        gopSec: 2,
        fixedGop: false,
        pixelFormat: 'yuv420p',
        effort: 'medium',
      },
      audio: [{ codec: 'aac', bitrateBps: audioBitrateBps, sampleRateHz: 48_000, channels: 2 }],
      onInputDamage: 'fail',
    },
    bounds: [
      { field: 'video.width', min: 16, max: width },
      { field: 'video.height', min: 16, max: height },
      { field: 'video.maxFrameRate', allowed: ['15', '24', '25', '30', '50', '60'] },
      { field: 'video.crf', min: 16, max: 35 },
      { field: 'video.maxBitrateBps', min: 100_000, max: maxBitrateBps * 2 },
      { field: 'video.bufferBits', min: 100_000, max: maxBitrateBps * 8 },
      { field: 'video.gopSec', min: 0.5, max: 10 },
      { field: 'video.fixedGop', allowed: ['true', 'false'] },
      { field: 'video.effort', allowed: ['low', 'medium', 'high'] },
      ...audioBounds,
      damageBound,
    ],
  })
}

const catalogue: readonly Preset[] = Object.freeze([
  webPreset({ height: 1080, width: 1920, crf: 22, maxBitrateBps: 8_000_000, audioBitrateBps: 160_000 }),
  webPreset({ height: 720, width: 1280, crf: 22, maxBitrateBps: 4_500_000, audioBitrateBps: 128_000 }),
  webPreset({ height: 480, width: 854, crf: 23, maxBitrateBps: 2_000_000, audioBitrateBps: 128_000 }),
  definePreset({
    name: 'audio-m4a',
    version: 1,
    kind: 'file',
    title: 'Sound, M4A',
    description: 'AAC in M4A: the sound of a movie, or of a sound file, in stereo or mono.',
    settings: {
      container: 'm4a',
      include: ['audio'],
      audio: [{ codec: 'aac', bitrateBps: 160_000, sampleRateHz: 48_000, channels: 2 }],
      onInputDamage: 'fail',
    },
    bounds: [...audioBounds, damageBound],
  }),
  definePreset({
    name: 'poster-jpg',
    version: 1,
    kind: 'stills',
    title: 'Poster, JPEG',
    description:
      'One picture from the first minute that stands for the movie and is not black, at most 1280 x 720 (720 x 1280 for portrait).',
    settings: {
      include: ['video'],
      stills: { format: 'jpg', selection: 'auto', count: 1, width: 1280, height: 720 },
    },
    bounds: [
      { field: 'stills.width', min: 16, max: 3840 },
      { field: 'stills.height', min: 16, max: 2160 },
    ],
  }),
])
