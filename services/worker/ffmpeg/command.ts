import { ReelmillError } from '#shared/errors.ts'
import type { EncodePlan, PlannedAudio, PlannedMovie, PlannedOutput, PlannedVideo } from './encode-plan.ts'
import { filterGraphs } from './filter-graph.ts'
import { inputGuards, outputGuards } from './guards.ts'
import type { EncodeLimits } from './limits.ts'
import { fraction } from './parse-probe.ts'

/** A command line in the parts that fluent-ffmpeg composes it of. */
export interface EncodeCommand {
  readonly inputOptions: readonly string[]
  readonly inputPath: string
  /** Absent where nothing is filtered. */
  readonly graph?: string
  readonly outputs: readonly { readonly options: readonly string[]; readonly path: string }[]
}

/** Paths of what an output is written to, by its place in the plan. `spare` is for a still whose movie is all black. */
export interface OutputPaths {
  readonly main: string
  readonly spare?: string
}

/**
 * Builds the one command line of a job: pure, and the only place that does. All outputs come from a single decode.
 */
export function encodeCommand(
  plan: EncodePlan,
  inputPath: string,
  paths: readonly OutputPaths[],
  limits: EncodeLimits,
): EncodeCommand {
  const [graph = '', ...otherGraphs] = filterGraphs(plan)
  const [first, ...others] = plan.outputs.flatMap((output) => outputsOf(output, plan, paths, limits))
  if (!first) throw new ReelmillError('internal', 'There is nothing to encode: the plan has no outputs.')
  // fluent-ffmpeg has a place for one graph; ffmpeg takes the option anywhere.
  const moreGraphs = otherGraphs.flatMap((other) => ['-filter_complex', other])
  return {
    inputOptions: [
      // Never reads the terminal.
      '-nostdin',
      '-hide_banner',
      // Each line with its level, down to the account of packets and frames at the end, which verification compares.
      ...['-v', '+level+verbose'],
      // The account of CPU time: inside the jail nobody else can see it.
      '-benchmark',
      '-nostats',
      ...['-stats_period', '0.5'],
      ...['-progress', 'pipe:2'],
      ...inputGuards(limits),
    ],
    inputPath,
    graph,
    outputs: [{ ...first, options: [...moreGraphs, ...first.options] }, ...others, ...readToTheEnd(plan)],
  }
}

/** The whole argv, in the order in which fluent-ffmpeg puts the parts. */
export const argvOf = (command: EncodeCommand): readonly string[] => [
  ...command.inputOptions,
  ...['-i', command.inputPath],
  '-y',
  ...(command.graph === undefined ? [] : ['-filter_complex', command.graph]),
  ...command.outputs.flatMap(({ options, path }) => [...options, path]),
]

function outputsOf(
  output: PlannedOutput,
  plan: EncodePlan,
  paths: readonly OutputPaths[],
  limits: EncodeLimits,
): EncodeCommand['outputs'] {
  const { main = '', spare } = paths[output.index] ?? {}
  const guards = outputGuards({ maxSec: plan.maxSec, maxOutputBytes: limits.maxOutputBytes })
  if (output.kind === 'file') return [{ options: [...movieOptions(output), ...guards], path: main }]
  return [
    { options: [...stillOptions(`[v${output.index}]`), ...guards], path: main },
    ...(spare ? [{ options: [...stillOptions(`[v${output.index}x]`), ...guards], path: spare }] : []),
  ]
}

/** Where the copy goes that is there as a guard. */
export const NOWHERE = '-'

/**
 * A copy to nowhere of every stream that a movie takes whole, so that ffmpeg goes on reading when `-t` or `-fs` has cut
 * the movies short: only then do more frames come in than go out, and the cut is seen.
 */
function readToTheEnd({ outputs }: EncodePlan): EncodeCommand['outputs'] {
  const movies = outputs.filter((output) => output.kind === 'file')
  const streams = new Set(movies.flatMap(({ video, audio }) => [video?.stream, audio?.stream]))
  const maps = [...streams].flatMap((stream) => (stream === undefined ? [] : ['-map', `0:${stream}`]))
  return maps.length === 0 ? [] : [{ options: [...maps, '-c', 'copy', '-f', 'null'], path: NOWHERE }]
}

function movieOptions({ index, video, audio, container }: PlannedMovie): readonly string[] {
  return [
    ...(video ? ['-map', `[v${index}]`, ...videoOptions(video)] : []),
    ...(audio ? ['-map', `[a${index}]`, ...audioOptions(audio)] : []),
    // No place, device, author or comment leaks; what an output needs to say is said above.
    ...['-map_metadata', '-1', '-map_chapters', '-1'],
    // Streams may start seconds apart; packets of the earlier one wait for the other.
    ...['-max_muxing_queue_size', '4096'],
    // The index at the front, so that players start before they have the whole file.
    ...['-movflags', '+faststart'],
    ...['-f', container === 'm4a' ? 'ipod' : 'mp4'],
  ]
}

function videoOptions(video: PlannedVideo): readonly string[] {
  const fps = fraction(video.frameRate)
  return [
    // Every frame keeps its own time; none is doubled to fill a gap.
    ...['-fps_mode:v', 'vfr'],
    // Uneven frames are not pressed into the grid of a mean rate.
    ...(fps === undefined ? ['-enc_time_base:v', '1:90000'] : []),
    ...['-c:v', 'libx264', '-preset', x264Presets[video.effort]],
    ...['-profile:v', video.profile],
    ...(video.level ? ['-level:v', video.level] : []),
    ...rateOptions(video.rate),
    // Keyframes on a grid of time, whatever the frame rate, and closed: a player can start at each.
    ...['-force_key_frames', `expr:gte(t,n_forced*${video.gopSec})`],
    ...['-g', String(Math.ceil(video.gopSec * (fps ?? 60)))],
    ...['-flags:v', '+cgop'],
    // Scene cuts get keyframes of their own unless the grid is all that is wanted.
    ...(video.fixedGop ? ['-sc_threshold', '0'] : []),
  ]
}

/** From veryfast on, twice the machine time saves about a tenth of the bits. */
const x264Presets = { low: 'superfast', medium: 'veryfast', high: 'medium' } as const

function rateOptions(rate: PlannedVideo['rate']): readonly string[] {
  const cap =
    rate.maxBitrateBps === undefined
      ? []
      : ['-maxrate:v', String(rate.maxBitrateBps), '-bufsize:v', String(rate.bufferBits)]
  return rate.control === 'crf'
    ? ['-crf', String(rate.crf), ...cap]
    : ['-b:v', String(rate.bitrateBps), ...cap]
}

const audioOptions = (audio: PlannedAudio): readonly string[] => [
  ...['-c:a', 'aac', '-b:a', String(audio.bitrateBps)],
  ...(audio.language ? ['-metadata:s:a:0', `language=${audio.language}`] : []),
]

const stillOptions = (label: string): readonly string[] => [
  ...['-map', label, '-frames:v', '1', '-c:v', 'mjpeg', '-q:v', '3'],
  ...['-map_metadata', '-1', '-map_chapters', '-1'],
  // Not image2, which expands patterns in the name of the file.
  ...['-f', 'mjpeg'],
]
