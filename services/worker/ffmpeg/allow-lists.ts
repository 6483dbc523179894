/**
 * What ffmpeg may open. Everything else is refused before a byte of it is parsed: most holes in media libraries sit
 * in code for formats that nobody uploads (CVE-2026-8461: the MagicYUV decoder). Names are ffmpeg's, of its demuxers
 * and decoders; names that a build does not have do no harm.
 */

/** Local files only. Everything that fetches (http, tcp, data, concat, subfile, crypto ...) is missing by intent. */
export const allowedProtocols: readonly string[] = ['file']

/**
 * Containers that hold the whole movie in one file. Missing by intent: playlists and scripts (hls, dash, concat,
 * imf, ffmetadata), pictures and sequences of them (image2, *_pipe), devices, subtitles, and game formats.
 */
export const allowedFormats: readonly string[] = [
  'mov', // MP4, M4A, MOV, 3GP: phones, cameras, editors
  'mp4',
  'm4a',
  '3gp',
  '3g2',
  'mj2',
  'matroska', // MKV and WebM: screen recorders, browsers, OBS
  'webm',
  'mpegts', // broadcast, AVCHD cameras
  'mpeg', // DVD and older program streams
  'avi', // older cameras and archives
  'flv', // streaming recorders
  'live_flv',
  'mxf', // broadcast and cinema cameras
  'asf', // Windows Media
  'ogg', // Theora and Vorbis archives
  'wav',
  'w64',
  'aiff',
  'caf',
  'mp3',
  'flac',
  'aac', // raw ADTS
  'ac3',
  'eac3',
  'amr',
  'dv', // DV tapes
  'gxf', // broadcast servers
]

/** Decoders for pictures: the codecs that cameras, phones, editors, broadcasters and browsers really make. */
const videoDecoders: readonly string[] = [
  'h264',
  'hevc',
  'av1',
  'libdav1d',
  'vp8',
  'vp9',
  'libvpx',
  'libvpx-vp9',
  'mpeg1video',
  'mpeg2video',
  'mpeg4',
  'msmpeg4v2',
  'msmpeg4',
  'h263',
  'flv',
  'vp6',
  'vp6f',
  'wmv1',
  'wmv2',
  'wmv3',
  'vc1',
  'theora',
  'prores',
  'dnxhd',
  'cfhd', // CineForm, GoPro's intermediate
  'dvvideo',
  'mjpeg',
  'jpeg2000', // digital cinema and broadcast archives
  'libopenjpeg',
  'ffv1', // archives
  'huffyuv',
  'ffvhuff',
  'utvideo',
  'rawvideo',
  'v210',
  'v410',
  'qtrle', // QuickTime Animation with alpha
  'png', // editors' lossless movies
]

/** Decoders for sound. */
const audioDecoders: readonly string[] = [
  'aac',
  'aac_latm',
  'mp3',
  'mp3float',
  'mp2',
  'mp2float',
  'mp1',
  'mp1float',
  'ac3',
  'eac3',
  'dca',
  'truehd',
  'mlp',
  'opus',
  'libopus',
  'vorbis',
  'libvorbis',
  'flac',
  'alac',
  'wmav1',
  'wmav2',
  'wmapro',
  'wmalossless',
  'amrnb',
  'amrwb',
  'speex',
  'libspeex',
  'nellymoser',
  's302m',
  'adpcm_ms',
  'adpcm_ima_wav',
  'adpcm_ima_qt',
  'adpcm_swf',
  'pcm_alaw',
  'pcm_mulaw',
  'pcm_bluray',
  'pcm_dvd',
  'pcm_f32be',
  'pcm_f32le',
  'pcm_f64be',
  'pcm_f64le',
  'pcm_s16be',
  'pcm_s16le',
  'pcm_s24be',
  'pcm_s24le',
  'pcm_s32be',
  'pcm_s32le',
  'pcm_s8',
  'pcm_u8',
]

/**
 * ffprobe opens a decoder for every stream and gives up when one is refused, and nobody's movie shall fail for its
 * subtitles. Nothing of them is decoded: no command maps a subtitle stream.
 */
const subtitleDecoders: readonly string[] = [
  'mov_text',
  'subrip',
  'srt',
  'text',
  'ass',
  'ssa',
  'webvtt',
  'dvbsub',
  'dvdsub',
  'pgssub',
  'xsub',
  'cc_dec',
  'libzvbi_teletextdec',
]

export const allowedDecoders: readonly string[] = [...videoDecoders, ...audioDecoders, ...subtitleDecoders]
