import { fastH264, makeClip, picture, tone } from './clips.ts'

/** At the pace of {@link AT_ITS_OWN_PACE} it is encoded for 20 seconds, in which somebody can be killed; else in less than one. */
export const slowClip = (): Promise<string> =>
  makeClip('twenty-seconds.mp4', [
    ...picture('160x90', 20, '10'),
    ...tone(20),
    ...fastH264,
    ...['-c:a', 'aac', '-shortest'],
  ])

/** The real ffmpeg, which reads its input no faster than it plays: for `StandInFfmpeg`. */
export const AT_ITS_OWN_PACE = 'exec ffmpeg -re "$@"'
