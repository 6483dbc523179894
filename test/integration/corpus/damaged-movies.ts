import { makeClip } from '../../support/clips.ts'
import { changed, cut, flipped, flippedAfter, joined, without, zeroed } from './damage.ts'
import { fails, type MovieCase, succeeds } from './movie-case.ts'
import { wholeMovies as whole } from './whole-movies.ts'

const sound = { preset: 'audio-m4a' } as const
const noisy = async (name: string, source: () => Promise<string>, filter: string) =>
  makeClip(name, ['-i', await source(), '-c', 'copy', '-bsf:v', filter])

/** Movies that are as long as they should be, with something wrong inside. */
export const damagedMovies: readonly MovieCase[] = [
  {
    name: 'MP4 with 4 kB of zeros in its middle',
    make: async () => zeroed(await whole.faststart(), 0.5, 4096),
    outcome: fails('input-damaged', 30),
  },
  {
    name: 'Matroska with 4 kB of zeros in its middle',
    make: async () => zeroed(await whole.mkv(), 0.5, 4096),
    outcome: fails('input-damaged', 15),
  },
  {
    name: 'MPEG-TS with 10 packets of zeros',
    make: async () => zeroed(await whole.ts(), 0.5, 1880),
    outcome: fails('input-damaged', 30),
  },
  {
    name: 'WebM with 4 kB of zeros in its middle',
    make: async () => zeroed(await whole.webm(), 0.5, 4096),
    outcome: fails('input-damaged', 15),
  },
  {
    name: 'AVI with 4 kB of zeros in its middle',
    make: async () => zeroed(await whole.avi(), 0.5, 4096),
    outcome: fails('input-damaged', 15),
  },
  {
    name: 'FLV with 4 kB of zeros in its middle',
    make: async () => zeroed(await whole.flv(), 0.5, 4096),
    outcome: fails('input-damaged', 15),
  },
  {
    name: 'MOV with ProRes, 4 kB of zeros in its middle',
    make: async () => zeroed(await whole.mov(), 0.5, 4096),
    outcome: fails('input-damaged', 30),
  },
  {
    name: 'MPEG program stream with 4 kB of zeros in its middle',
    make: async () => zeroed(await whole.mpeg(), 0.5, 4096),
    outcome: fails('input-damaged', 15),
  },
  {
    name: 'FLAC with 2 kB of zeros in its middle',
    ...sound,
    make: async () => zeroed(await whole.flac(), 0.5, 2048),
    outcome: fails('input-damaged'),
  },
  {
    name: 'MP3 with 2 kB of zeros in its middle',
    ...sound,
    make: async () => zeroed(await whole.mp3(), 0.5, 2048),
    outcome: fails('input-damaged'),
  },
  // Samples of zero are silence; nobody can tell them from silence that was meant.
  {
    name: 'WAV with 2 kB of zeros in its middle',
    ...sound,
    make: async () => zeroed(await whole.wav(), 0.5, 2048),
    outcome: succeeds({ sec: 4 }),
  },

  {
    name: 'MP4 with a flipped bit in every 500 bytes of media',
    make: async () => flipped(await whole.faststart(), 0.2, 0.9, 500),
    outcome: fails('input-damaged', 10),
  },
  {
    name: 'MPEG-TS with a flipped bit in every 500 bytes',
    make: async () => flipped(await whole.ts(), 0.2, 0.9, 500),
    outcome: fails('input-damaged', 10),
  },
  {
    name: 'Matroska with a flipped bit in every 500 bytes',
    make: async () => flipped(await whole.mkv(), 0.2, 0.9, 500),
    outcome: fails('input-damaged', 1),
  },
  // The name of the file type decides nothing.
  {
    name: 'MP4 with a flipped bit in its brand',
    make: async () => flippedAfter(await whole.faststart(), 'ftyp', 1),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  // The sample table says that packets are larger or more than they are: reading goes beyond what is there.
  {
    name: 'MP4 whose table of sizes claims a thousand times as many frames',
    make: async () => flippedAfter(await whole.faststart(), 'stsz', 9, 6),
    outcome: fails('input-damaged'),
  },
  {
    name: 'Matroska with a flipped bit in its first byte',
    make: async () => changed(await whole.mkv(), (bytes) => bytes.fill(0x1b, 0, 1)),
    outcome: fails('input-not-media'),
  },
  {
    name: 'MP4 whose index is zeros',
    make: async () => zeroed(await whole.faststart(), 0.002, 1500),
    outcome: fails('input-damaged'),
  },

  {
    name: 'MPEG-TS without 40 packets of its middle',
    make: async () => without(await whole.ts(), 0.5, 40 * 188, 188),
    outcome: fails('input-damaged', 15),
  },
  {
    name: 'Matroska without 3 kB of its middle',
    make: async () => without(await whole.mkv(), 0.5, 3000),
    outcome: fails('input-damaged', 15),
  },
  // Someone copied the packets and lost one in five: the container is sound, the references are gone.
  {
    name: 'Matroska made without a fifth of its frames',
    make: async () => noisy('dropped.mkv', whole.mkv, 'noise=drop=not(mod(n+1\\,5))'),
    outcome: fails('input-damaged', 15),
  },
  {
    name: 'MP4 made without a fifth of its frames',
    make: async () => noisy('dropped.mp4', whole.mkv, 'noise=drop=not(mod(n+1\\,5))'),
    outcome: fails('input-damaged', 15),
  },
  {
    name: 'MP4 with noise in its frames',
    make: async () => noisy('noise.mp4', whole.mp4, 'noise=amount=200'),
    outcome: fails('input-damaged', 10),
  },
  {
    name: 'MP4 with noise in its sound',
    ...sound,
    make: async () =>
      makeClip('noise-a.mp4', ['-i', await whole.mp4(), '-c', 'copy', '-bsf:a', 'noise=amount=100']),
    outcome: fails('input-damaged'),
  },

  // Two movies in one file: players show the first, and the second would be lost without a word.
  {
    name: 'two MP4s, one after the other',
    make: async () => joined(await whole.faststart(), await whole.faststart()),
    outcome: fails('input-damaged', 50),
  },
  // What follows the last box is not part of the movie.
  {
    name: 'MP4 with a kilobyte of zeros behind it',
    make: async () => changed(await whole.faststart(), (bytes) => Buffer.concat([bytes, Buffer.alloc(1024)])),
    outcome: succeeds({ frames: 50, sec: 2 }),
  },
  // The last half of the last frame.
  {
    name: 'FLV without its last 200 bytes',
    make: async () => cut(await whole.flv(), 0.995),
    outcome: fails('input-truncated', 40),
  },
]
