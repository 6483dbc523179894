import { stat } from 'node:fs/promises'
import type { Check, MediaInfo, Stream } from '#shared/jobs/shapes.ts'
import { checkEqual, checkThat } from './check-that.ts'
import type { OutputAccount } from './encode-log.ts'
import type { PlannedMovie, PlannedStill } from './encode-plan.ts'
import type { EncodeLimits } from './limits.ts'
import { readMp4Layout } from './mp4-boxes.ts'
import { fraction, parseProbe } from './parse-probe.ts'
import { pasteable } from './pasteable.ts'
import type { ProbeContext } from './probe-context.ts'
import { probeEntries } from './probe-entries.ts'
import { runTool } from './run-tool.ts'

export interface VerifiedOutput {
  readonly info: MediaInfo
  readonly checks: readonly Check[]
}

/**
 * Looks at a movie that was made as a stranger would (P9): its container, streams, sizes, lengths and packets against
 * the plan and ffmpeg's own account. ffmpeg's exit code proves nothing, so each is a check that passed or failed.
 */
export async function verifyMovie(
  context: ProbeContext,
  planned: PlannedMovie,
  file: string,
  account: readonly OutputAccount[],
): Promise<VerifiedOutput> {
  const args = outputProbeArguments(file)
  context.log.debug({ command: pasteable(context.jail.ffprobePath, args) }, 'ffprobe verifies an output')
  const probe = await runTool(context.jail.ffprobePath, args, {
    timeoutMs: Math.max(context.limits.probeTimeoutMs, 600_000),
    signal: context.signal,
  })
  const checks: Check[] = [
    checkThat('readable', probe.exitCode === 0, `ffprobe ended with ${probe.killedBy ?? probe.exitCode}`),
    // Whatever ffprobe complains about in a fresh file of ours is a defect of it.
    checkThat('stderr-empty', probe.stderr.trim() === '', firstLine(probe.stderr)),
  ]
  if (probe.exitCode !== 0) return { info: { container: 'unknown', sizeBytes: 0, streams: [] }, checks }
  const { info } = parseProbe(probe.stdout)
  const layout = await readMp4Layout(file)
  checks.push(
    checkThat('container', info.container.split(',').includes('mp4'), info.container),
    checkThat('faststart', layout?.faststart === true && layout.missingBytes === 0, boxNames(layout)),
    checkEqual('streams', streamKinds(planned), info.streams.map(({ type }) => type).join('+')),
  )
  const video = info.streams.find(({ type }) => type === 'video')
  const audio = info.streams.find(({ type }) => type === 'audio')
  if (planned.video && video) checks.push(...videoChecks(planned, video, account))
  if (planned.audio && audio) checks.push(...audioChecks(planned, audio, account))
  return { info, checks }
}

/** The whole command line. Packets are counted, not taken from the index: that reads every byte of the file. */
export const outputProbeArguments = (file: string): readonly string[] => [
  ...['-v', 'error', '-hide_banner'],
  ...['-protocol_whitelist', 'file'],
  '-count_packets',
  ...probeEntries,
  ...['-i', file],
]

function videoChecks(
  { video }: PlannedMovie,
  stream: Stream,
  account: readonly OutputAccount[],
): readonly Check[] {
  if (!video) return []
  const { width, height } = video.size.result
  const muxed = account.find(({ type }) => type === 'video')
  return [
    checkEqual('video.codec', 'h264', stream.codec),
    checkEqual('video.size', `${width}x${height}`, `${stream.width}x${stream.height}`),
    checkEqual('video.square-pixels', '1/1', stream.sampleAspect ?? '1/1'),
    checkEqual('video.rotation', '0', String(stream.rotationDeg ?? 0)),
    checkEqual('video.pixel-format', 'yuv420p', stream.pixelFormat),
    checkThat(
      'video.frame-rate',
      video.capRate === undefined ||
        (fraction(stream.frameRate) ?? 0) <= (fraction(video.capRate) ?? 0) * 1.01,
      `${stream.frameRate} with a limit of ${video.capRate}`,
    ),
    checkEqual('video.packets', muxed?.packetsMuxed, stream.packetCount),
    // One frame, one packet: none was held back in the encoder.
    checkEqual('video.frames', muxed?.framesEncoded, stream.packetCount),
  ]
}

function audioChecks(
  { audio }: PlannedMovie,
  stream: Stream,
  account: readonly OutputAccount[],
): readonly Check[] {
  if (!audio) return []
  const muxed = account.find(({ type }) => type === 'audio')
  return [
    checkEqual('audio.codec', 'aac', stream.codec),
    checkEqual('audio.channels', audio.channels, stream.channels),
    checkEqual('audio.sample-rate', audio.sampleRateHz, stream.sampleRateHz),
    checkEqual('audio.packets', muxed?.packetsMuxed, stream.packetCount),
  ]
}

/** A still must be a whole JPEG of the planned size. `black` tells how much of it is black, from 0 to 1. */
export async function verifyStill(
  context: ProbeContext,
  planned: PlannedStill,
  file: string,
): Promise<VerifiedOutput & { readonly black?: number }> {
  const { size } = await stat(file)
  const args = stillCheckArguments(file, context.limits)
  context.log.debug({ command: pasteable(context.jail.ffmpegPath, args) }, 'ffmpeg verifies a still')
  const decoded = await runTool(context.jail.ffmpegPath, args, {
    timeoutMs: context.limits.probeTimeoutMs,
    signal: context.signal,
  })
  const [, width, height] = /^(\d+)x(\d+)$/m.exec(sizeIn(decoded.stdout)) ?? []
  const percent = /lavfi\.blackframe\.pblack=(\d+)/.exec(decoded.stdout)?.[1]
  const { result } = planned.size
  return {
    info: {
      container: 'mjpeg',
      sizeBytes: size,
      streams: [
        { index: 0, type: 'video', codec: 'mjpeg', width: Number(width ?? 0), height: Number(height ?? 0) },
      ],
    },
    ...(percent !== undefined && { black: Number(percent) / 100 }),
    checks: [
      checkThat(
        'readable',
        decoded.exitCode === 0 && percent !== undefined,
        `ffmpeg ended with ${decoded.exitCode}`,
      ),
      checkThat('stderr-empty', decoded.stderr.trim() === '', firstLine(decoded.stderr)),
      checkEqual('still.size', `${result.width}x${result.height}`, `${width}x${height}`),
    ],
  }
}

/** Decodes a JPEG of ours; stdout tells how much of it is black, and its checksum line its size. */
export const stillCheckArguments = (file: string, limits: EncodeLimits): readonly string[] => [
  ...['-nostdin', '-hide_banner', '-v', 'error', '-max_alloc', String(limits.maxAllocBytes)],
  ...['-protocol_whitelist', 'file', '-f', 'mjpeg', '-i', file],
  ...['-vf', 'blackframe=amount=0:threshold=32,metadata=mode=print:file=-'],
  ...['-f', 'framecrc', '-'],
]

const sizeIn = (stdout: string): string => /^#dimensions 0: (\d+x\d+)$/m.exec(stdout)?.[1] ?? ''

const streamKinds = ({ video, audio }: PlannedMovie): string =>
  [...(video ? ['video'] : []), ...(audio ? ['audio'] : [])].join('+')

const boxNames = (layout: Awaited<ReturnType<typeof readMp4Layout>>): string =>
  layout?.boxes.map(({ type }) => type).join(' ') ?? 'no MP4'

const firstLine = (text: string): string => text.trim().split('\n')[0]?.slice(0, 300) ?? ''
