/**
 * Names and values of `Settings` that are reserved for later versions. Asking for one is refused by name with
 * `not-supported`, never ignored and never mistaken for a typing error. `[]` stands for any place in a list.
 */
export const reservedSettings: readonly string[] = [
  'captions',
  'overlays',
  'sprite',
  'ladder',
  'packaging',
  'encryption',
  'embed',
  'measure',
  'video.displayAspect',
  'video.rotate',
  'video.crop',
  'video.frameRate',
  'video.scan',
  'video.deinterlace',
  'video.targetVmaf',
  'video.refFrames',
  'video.bFrames',
  'video.hdr',
  'video.options',
  'audio[].name',
  'audio[].from',
  'audio[].profile',
  'audio[].language',
  'audio[].label',
  'audio[].role',
  'audio[].loudness',
  'stills.everySec',
  'stills.timesSec',
]

/** Values that are reserved in fields that exist: field -> values. */
export const reservedValues: Readonly<Record<string, readonly string[]>> = {
  container: ['webm', 'mkv', 'mov', 'mp3', 'wav', 'flac', 'ogg', 'mpegts', 'cmaf'],
  'include[]': ['captions'],
  'video.codec': ['h265', 'av1', 'vp9', 'prores', 'copy'],
  'video.rateControl': ['constant', 'target'],
  'video.pixelFormat': ['yuv420p10le', 'yuv422p', 'yuv422p10le', 'yuv444p'],
  'audio[].codec': ['opus', 'mp3', 'flac', 'ac3', 'eac3', 'vorbis', 'pcm', 'copy'],
  'stills.format': ['png', 'webp', 'avif'],
  'stills.selection': ['interval', 'times'],
}
