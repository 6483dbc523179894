import { fastH264, makeClip, picture, tone } from './clips.ts'

/**
 * At the pace of {@link AT_ITS_OWN_PACE} it is encoded for `sec`, in which somebody can be killed; else in less than
 * one.
 */
export const slowClip = (sec = 8): Promise<string> =>
  makeClip(`slow-${sec}.mp4`, [
    ...picture('160x90', sec, '10'),
    ...tone(sec),
    ...fastH264,
    ...['-c:a', 'aac', '-shortest'],
  ])

/** The real ffmpeg, which reads its input no faster than it plays: for `StandInFfmpeg`. */
export const AT_ITS_OWN_PACE = 'exec ffmpeg -re "$@"'
