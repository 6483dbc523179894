import type { Color } from './color.ts'
import type { EncodePlan, PlannedMovie, PlannedOutput, PlannedStill, PlannedVideo } from './encode-plan.ts'
import type { PictureSize } from './picture-size.ts'

/** Stills are looked for in the first minute, one frame in half a second: title sequences rarely last longer. */
const STILL_WINDOW_SEC = 60
const STILL_EVERY_SEC = 0.5
/** The most representative of so many frames (10 s) becomes the still; each is held in memory at its final size. */
const STILL_CANDIDATES = 20

/**
 * The filter graphs of a job, one for each input stream that is used: the stream is decoded once, split, and shaped
 * for each output. Labels are `v0`, `a0`, ... by output; a still has two, `v1` (its frame is not black) and `v1x` (any
 * frame, should all be black).
 *
 * Pictures and sound have graphs of their own, because a stream that changes its format on the way makes ffmpeg build
 * its graph anew, and the other streams shall not notice.
 */
export function filterGraphs({ outputs }: EncodePlan): readonly string[] {
  const branches: Branch[] = outputs.flatMap((output) => branchesOf(output))
  const sources = Map.groupBy(branches, ({ source }) => source)
  return [...sources.values()].map((members, place) => chainsOfSource(members, place).join(';'))
}

interface Branch {
  /** An input stream with what is done to it for everyone, such as `[0:0]` or `[0:0]bwdif=...`. */
  readonly source: string
  readonly splitter: 'split' | 'asplit'
  readonly filters: readonly string[]
  /** Labels that the filtered stream goes to. */
  readonly labels: readonly string[]
  /** Chains that go on from those labels. */
  readonly tails: readonly string[]
}

/** Outputs that shape a stream alike share the work: a small movie's renditions are often the same size. */
function chainsOfSource(branches: readonly Branch[], place: number): readonly string[] {
  const { source = '', splitter = 'split' } = branches[0] ?? {}
  const groups = [...Map.groupBy(branches, ({ filters }) => filters.join(',')).entries()]
  const from = (group: number) => (groups.length === 1 ? source : `[s${place}_${group}]`)
  const fanOut =
    groups.length === 1
      ? []
      : [
          joined(
            source,
            divide(
              splitter,
              groups.map((_, group) => from(group)),
            ),
          ),
        ]
  return [
    ...fanOut,
    ...groups.flatMap(([filters, members], group) => [
      joined(
        from(group),
        `${filters}${ending(
          splitter,
          members.flatMap(({ labels }) => labels),
        )}`,
      ),
      ...members.flatMap(({ tails }) => tails),
    ]),
  ]
}

const divide = (splitter: string, labels: readonly string[]) =>
  `${splitter}=${labels.length}${labels.join('')}`

const ending = (splitter: string, labels: readonly string[]) =>
  labels.length === 1 ? labels.join('') : `,${divide(splitter, labels)}`

/** A label joins the next filter without a comma, a filter with one. */
const joined = (before: string, after: string) => `${before}${before.endsWith(']') ? '' : ','}${after}`

function branchesOf(output: PlannedOutput): readonly Branch[] {
  return output.kind === 'stills' ? [stillBranch(output)] : movieBranches(output)
}

function movieBranches({ index, video, audio }: PlannedMovie): readonly Branch[] {
  const branches: Branch[] = []
  if (video) {
    branches.push({
      source: videoSource(video.stream, video.deinterlace),
      splitter: 'split',
      filters: [
        ...(video.capRate ? [`fps=${video.capRate}`] : []),
        ...toneMap(video.toneMapFrom, video.size),
        ...shape(video, `out_color_matrix=${matrixName(video.color.matrix)}:out_range=tv`),
        'format=yuv420p',
        tagColor(video.color),
      ],
      labels: [`[v${index}]`],
      tails: [],
    })
  }
  if (audio) {
    branches.push({
      source: `[0:${audio.stream}]`,
      splitter: 'asplit',
      filters: [
        // Gaps get silence: most players ignore them and lose sync. A late start as well, and only then, since
        // whenever the sound changes its format the graph starts anew and would fill up from zero again.
        `aresample=async=1${audio.startsLate ? ':first_pts=0' : ''}`,
        `aformat=sample_rates=${audio.sampleRateHz}:channel_layouts=${layouts[audio.channels] ?? `${audio.channels}c`}`,
      ],
      labels: [`[a${index}]`],
      tails: [],
    })
  }
  return branches
}

function stillBranch(still: PlannedStill): Branch {
  const { index, stream, size, toneMapFrom, deinterlace } = still
  const representative = `thumbnail=n=${STILL_CANDIDATES}`
  return {
    source: videoSource(stream, deinterlace),
    splitter: 'split',
    filters: [
      `trim=end=${STILL_WINDOW_SEC}`,
      `select='isnan(prev_selected_t)+gte(t-prev_selected_t,${STILL_EVERY_SEC})'`,
      ...toneMap(toneMapFrom, size),
      ...shape(still, 'out_color_matrix=bt601:out_range=pc'),
      'format=yuvj420p',
    ],
    labels: [`[still${index}a]`, `[still${index}b]`],
    tails: [
      // More than a tenth of the picture must be brighter than black.
      `[still${index}a]blackframe=amount=0:threshold=32,metadata=mode=select:key=lavfi.blackframe.pblack:value=90:function=less,${representative}[v${index}]`,
      `[still${index}b]${representative}[v${index}x]`,
    ],
  }
}

/** Only frames that are marked as interlaced are touched, and none is added or lost. */
const videoSource = (stream: number, deinterlace: boolean): string =>
  `[0:${stream}]${deinterlace ? 'bwdif=mode=send_frame:deint=interlaced' : ''}`

function shape(
  { size, assumedMatrix }: Pick<PlannedVideo, 'size' | 'assumedMatrix'>,
  color: string,
): readonly string[] {
  const { scale, crop, pad } = size
  const from = assumedMatrix === undefined ? '' : `in_color_matrix=${matrixName(assumedMatrix)}:`
  return [
    `scale=${scale.width}:${scale.height}:flags=bicubic:${from}${color}`,
    ...(crop ? [`crop=${crop.width}:${crop.height}`] : []),
    ...(pad ? [`pad=${pad.width}:${pad.height}:-1:-1`] : []),
    'setsar=1',
  ]
}

/** High dynamic range to standard: light made linear, gamut and peak brought down (Hable keeps highlights). */
function toneMap(from: string | undefined, { scale }: PictureSize): readonly string[] {
  if (from === undefined) return []
  return [
    // Sized first: the conversion works on floating point and costs more than all the rest.
    `zscale=w=${scale.width}:h=${scale.height}:tin=${from}:min=bt2020nc:pin=bt2020:t=linear:npl=100`,
    'format=gbrpf32le',
    'zscale=p=bt709',
    'tonemap=tonemap=hable:desat=0',
    'zscale=t=bt709:m=bt709:r=tv',
    'format=yuv420p',
  ]
}

const tagColor = ({ matrix, primaries, transfer }: Color): string =>
  `setparams=range=tv:colorspace=${matrix}:color_primaries=${primaries}:color_trc=${transfer}`

/** The scaler knows four matrices by names of its own. */
const matrixName = (matrix: string): string =>
  matrix === 'bt709'
    ? 'bt709'
    : matrix.startsWith('bt2020')
      ? 'bt2020'
      : matrix === 'smpte240m'
        ? 'smpte240m'
        : 'bt601'

const layouts: Readonly<Record<number, string>> = {
  1: 'mono',
  2: 'stereo',
  3: '2.1',
  4: '4.0',
  5: '5.0',
  6: '5.1',
  7: '6.1',
  8: '7.1',
}
