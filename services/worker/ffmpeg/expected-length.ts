import type { MediaInfo, Stream } from '#shared/jobs/shapes.ts'

/** How long something must be, in seconds from the start of the input; containers are not always sure. */
export interface ExpectedLength {
  readonly minSec: number
  readonly maxSec: number
}

/**
 * Says how long an output of `used` streams must become, by what the container claims; `undefined` when it claims
 * nothing about them.
 */
export function expectedLength(info: MediaInfo, used: readonly Stream[]): ExpectedLength | undefined {
  const ends = used.map((stream) => endOf(info, stream, used.length))
  const known = ends.filter((end) => end !== undefined)
  // The longest of the streams may be the one of which nothing is known.
  if (known.length === 0 || known.length < ends.length) return undefined
  return {
    minSec: Math.max(...known.map(({ minSec }) => minSec)),
    maxSec: Math.max(...known.map(({ maxSec }) => maxSec)),
  }
}

function endOf(info: MediaInfo, stream: Stream, usedStreams: number): ExpectedLength | undefined {
  const startSec = info.startSec ?? 0
  const lateSec = Math.max(0, (stream.startSec ?? startSec) - startSec)
  const isMatroska = info.container.startsWith('matroska')
  if (stream.durationSec !== undefined) {
    // Matroska has no field for it; some writers tag the length and others the time of the end.
    return isMatroska
      ? { minSec: stream.durationSec - startSec, maxSec: stream.durationSec + lateSec }
      : { minSec: stream.durationSec + lateSec, maxSec: stream.durationSec + lateSec }
  }
  const playable = info.streams.filter(({ type, attachedPicture }) => isPlayed(type) && !attachedPicture)
  // The length of the whole is that of its longest stream, which may be another one.
  if (info.durationSec === undefined || usedStreams < playable.length) return undefined
  return { minSec: info.durationSec - (isMatroska ? startSec : 0), maxSec: info.durationSec }
}

const isPlayed = (type: string) => type === 'video' || type === 'audio'
