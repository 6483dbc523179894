import { cut, cutThroughFrame, cutThroughPacket } from './damage.ts'
import { fails, type MovieCase, succeeds } from './movie-case.ts'
import { wholeMovies as whole } from './whole-movies.ts'

const sound = { preset: 'audio-m4a' } as const

/** Movies of which the end is missing: an upload that broke off, a disk that was full, a camera without power. */
export const cutMovies: readonly MovieCase[] = [
  // The index at the front says what is missing, wherever the cut is; at 1 % the index itself is cut.
  {
    name: 'MP4, index in front, cut at 1 %',
    make: async () => cut(await whole.faststart(), 0.01),
    outcome: fails('input-truncated'),
  },
  {
    name: 'MP4, index in front, cut at 10 %',
    make: async () => cut(await whole.faststart(), 0.1),
    outcome: fails('input-truncated', 1),
  },
  {
    name: 'MP4, index in front, cut at 50 %',
    make: async () => cut(await whole.faststart(), 0.5),
    outcome: fails('input-truncated', 15),
  },
  {
    name: 'MP4, index in front, cut at 90 %',
    make: async () => cut(await whole.faststart(), 0.9),
    outcome: fails('input-truncated', 35),
  },
  {
    name: 'MP4, index in front, cut at 99 %',
    make: async () => cut(await whole.faststart(), 0.99),
    outcome: fails('input-truncated', 45),
  },
  // The index at the end is lost with the first byte.
  {
    name: 'MP4, index at the end, cut at 1 %',
    make: async () => cut(await whole.mp4(), 0.01),
    outcome: fails('input-truncated'),
  },
  {
    name: 'MP4, index at the end, cut at 50 %',
    make: async () => cut(await whole.mp4(), 0.5),
    outcome: fails('input-truncated'),
  },
  {
    name: 'MP4, index at the end, cut at 99 %',
    make: async () => cut(await whole.mp4(), 0.99),
    outcome: fails('input-truncated'),
  },
  {
    name: 'MP4 in fragments, cut at 40 %',
    make: async () => cut(await whole.fragmented(), 0.4),
    outcome: fails('input-truncated', 5),
  },
  // Matroska says how long it is at its front.
  {
    name: 'Matroska, cut at 10 %',
    make: async () => cut(await whole.mkv(), 0.1),
    outcome: fails('input-truncated', 1),
  },
  {
    name: 'Matroska, cut at 50 %',
    make: async () => cut(await whole.mkv(), 0.5),
    outcome: fails('input-truncated', 15),
  },
  {
    name: 'Matroska, cut at 90 %',
    make: async () => cut(await whole.mkv(), 0.9),
    outcome: fails('input-truncated', 35),
  },
  {
    name: 'WebM, cut at 50 %',
    make: async () => cut(await whole.webm(), 0.5),
    outcome: fails('input-truncated', 15),
  },
  {
    name: 'AVI, cut at 50 %',
    make: async () => cut(await whole.avi(), 0.5),
    outcome: fails('input-truncated', 15),
  },
  {
    name: 'FLV, cut at 50 %',
    make: async () => cut(await whole.flv(), 0.5),
    outcome: fails('input-truncated', 15),
  },
  {
    name: 'MOV with ProRes, cut at 50 %',
    make: async () => cut(await whole.mov(), 0.5),
    outcome: fails('input-truncated', 15),
  },
  {
    name: 'MXF, cut at 50 %',
    make: async () => cut(await whole.mxf(), 0.5),
    outcome: fails('input-truncated', 15),
  },
  // A transport stream does not say how long it should be; a cut leaves half a packet, or half a frame.
  {
    name: 'MPEG-TS, cut through a packet',
    make: async () => cutThroughPacket(await whole.ts(), 0.5, 188),
    outcome: fails('input-truncated', 15),
  },
  {
    name: 'M2TS, cut through a packet',
    make: async () => cutThroughPacket(await whole.m2ts(), 0.5, 192),
    outcome: fails('input-truncated', 15),
  },
  {
    name: 'MPEG-TS, cut through a frame, between two packets',
    make: async () => cutThroughFrame(await whole.ts(), 0.5),
    outcome: fails('input-damaged', 15),
  },
  // Ogg marks the last page of each stream.
  {
    name: 'Ogg with Theora, cut at 50 %',
    make: async () => cut(await whole.ogv(), 0.5),
    outcome: fails('input-truncated', 10),
  },
  {
    name: 'Ogg Vorbis, cut at 50 %',
    ...sound,
    make: async () => cut(await whole.ogg(), 0.5),
    outcome: fails('input-truncated'),
  },
  {
    name: 'MP3, cut at 50 %',
    ...sound,
    make: async () => cut(await whole.mp3(), 0.5),
    outcome: fails('input-truncated'),
  },
  {
    name: 'WAV, cut at 50 %',
    ...sound,
    make: async () => cut(await whole.wav(), 0.5),
    outcome: fails('input-truncated'),
  },
  {
    name: 'FLAC, cut at 50 %',
    ...sound,
    make: async () => cut(await whole.flac(), 0.5),
    outcome: fails('input-truncated'),
  },
  // The sound of a movie that is cut is cut as well.
  {
    name: 'MP4, cut at 50 %, only its sound wanted',
    ...sound,
    make: async () => cut(await whole.faststart(), 0.5),
    outcome: fails('input-truncated'),
  },
  // A picture from the part that is there is whole.
  {
    name: 'MP4, cut at 90 %, only a poster wanted',
    preset: 'poster-jpg',
    make: async () => cut(await whole.faststart(), 0.9),
    outcome: succeeds({ size: '160x90' }),
  },
]
